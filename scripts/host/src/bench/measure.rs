//! Takes the measurements: points of the rig two at a time on two cores, the wall clock one after the other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::clock::Clock;
use super::figure::{Cell, Detail, Figure, Span, Wait};
use super::places::Places;
use super::workloads::Workload;
use crate::interrupt;
use crate::kernel_build::{Build, Image};
use crate::outcome::Outcome;
use crate::programs::Program;
use crate::rig::{self, CpuTime, Point};
use crate::session::{Record, Session};

/// Watch-dog for one measurement by the wall clock.
const LIMIT: Duration = Duration::from_secs(120);

/// More operations than any window of the rig has room for: it switches the machine off in the middle of them.
const ENDLESS: u32 = 1_000_000_000;

/// One workload on so many CPUs, on both builds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// What runs.
    pub(super) workload: Workload,
    /// Guest CPUs.
    pub(super) cpus: u16,
}

/// How to measure.
pub(super) struct Plan {
    /// What time is measured with.
    pub(super) clock: Clock,
    /// Operations of a measurement by the wall clock, if not the usual ones.
    pub(super) ops: Option<u32>,
    /// Measurements of which the median counts.
    pub(super) repeat: u32,
    /// For the rig. Its seed is the first one; its window is for workloads with short operations.
    pub(super) rig: rig::Settings,
}

/// What one measurement gave, before addresses are made places.
enum Raw {
    Wall(Result<Figure, String>),
    Rig(Result<Point, String>),
}

/// What the threads tell: which task is begun, or done.
enum News {
    Begun(usize),
    Done(usize, Result<Option<Box<[Raw; 2]>>>),
}

impl Task {
    /// A guess at how long it takes, in no particular unit.
    pub(super) fn weight(&self) -> u64 {
        8 + u64::from(self.cpus) * u64::from(self.workload.window)
    }
}

/// Measures all tasks. `begun` and `done` hear of each task when it begins and when it is done, in whatever order that
/// happens. Gives the cells in the order of the tasks; nothing after Ctrl-C.
///
/// # Errors
/// When QEMU does not start, or the debug information of a kernel cannot be read.
pub(super) fn all(
    plan: &Plan,
    images: &[(Build, Image); 2],
    tasks: &[Task],
    mut begun: impl FnMut(&Task),
    mut done: impl FnMut(usize, &[Cell; 2]),
) -> Result<Option<Vec<[Cell; 2]>>> {
    let jobs = if plan.clock == Clock::Rig { thread::available_parallelism().map_or(1, usize::from) } else { 1 };
    let places = [Places::of(&images[0].1.kernel)?, Places::of(&images[1].1.kernel)?];
    let next = AtomicUsize::new(0);
    let mut found: Vec<Option<[Cell; 2]>> = tasks.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, news) = channel();
        for core in 0..jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || work(plan, images, tasks, core, next, &sender));
        }
        drop(sender);
        let mut first_error = Ok(());
        for event in news {
            match event {
                News::Begun(index) => begun(&tasks[index]),
                News::Done(index, Ok(Some(raw))) => {
                    let mut builds = images.iter().zip(&places);
                    let cells = raw.map(|raw| {
                        let (image, places) = builds.next().expect("two builds have two results");
                        cell(image.0, &tasks[index], raw, places)
                    });
                    done(index, &cells);
                    found[index] = Some(cells);
                }
                News::Done(_, Ok(None)) => {}
                News::Done(_, Err(error)) => first_error = first_error.and(Err(error)),
            }
        }
        first_error
    })?;
    Ok(found.into_iter().collect())
}

/// One thread: takes the next task until there is none.
fn work(
    plan: &Plan,
    images: &[(Build, Image); 2],
    tasks: &[Task],
    core: usize,
    next: &AtomicUsize,
    news: &Sender<News>,
) {
    // Relaxed: the number alone matters.
    while let index = next.fetch_add(1, Ordering::Relaxed)
        && let Some(task) = tasks.get(index)
        && !interrupt::seen()
    {
        // Fails only when nobody listens any more.
        let _ = news.send(News::Begun(index));
        let result =
            if plan.clock == Clock::Rig { on_rig(plan, images, task, core) } else { by_wall(plan, images, task) };
        if result.is_err() {
            next.store(tasks.len(), Ordering::Relaxed);
        }
        let _ = news.send(News::Done(index, result));
    }
}

fn program(task: &Task, each: u32) -> Program {
    Program {
        name: format!("bench_{}", task.workload.name),
        arguments: vec![task.cpus.to_string(), each.to_string()],
        file: None,
    }
}

/// Both builds on the rig, each with as many seeds as measurements are wanted.
fn on_rig(plan: &Plan, images: &[(Build, Image); 2], task: &Task, core: usize) -> Result<Option<Box<[Raw; 2]>>> {
    let mut points: Vec<Raw> = Vec::new();
    for (_, image) in images {
        let mut samples = Vec::new();
        for turn in 0..u64::from(plan.repeat) {
            let [warmup, window] =
                [plan.rig.warmup, plan.rig.window].map(|ticks| ticks * u64::from(task.workload.window));
            let settings = rig::Settings { seed: plan.rig.seed + turn, core, warmup, window, ..plan.rig.clone() };
            match rig::measure(image, &program(task, ENDLESS), task.cpus, &settings)? {
                _ if interrupt::seen() => return Ok(None),
                Ok(point) => samples.push(point),
                Err(why) => {
                    samples.clear();
                    points.push(Raw::Rig(Err(why)));
                    break;
                }
            }
        }
        if !samples.is_empty() {
            points.push(Raw::Rig(Ok(median_by(samples, Point::throughput))));
        }
    }
    let [fine, big] = points.try_into().map_err(|_| anyhow!("two builds have two results"))?;
    Ok(Some(Box::new([fine, big])))
}

/// Both builds by the wall clock. They take turns, so that whatever else the host does hits both.
fn by_wall(plan: &Plan, images: &[(Build, Image); 2], task: &Task) -> Result<Option<Box<[Raw; 2]>>> {
    let many = task.workload.many;
    let each = (plan.ops.unwrap_or(task.workload.wall) / u32::from(task.cpus) / many).max(1);
    let program = program(task, each);
    let operations = u64::from(each) * u64::from(many) * u64::from(task.cpus);
    let mut samples: [Result<Vec<f64>, String>; 2] = [Ok(Vec::new()), Ok(Vec::new())];
    for _ in 0..plan.repeat {
        for ((_, image), samples) in images.iter().zip(&mut samples) {
            // One failure is enough: no more turns for this build.
            let Ok(times) = samples else { continue };
            let accel = plan.clock.accel();
            let session = Session { image, program: &program, cpus: task.cpus, accel, options: &[], limit: LIMIT };
            let record = session.run()?;
            if record.outcome == Outcome::Interrupted {
                return Ok(None);
            }
            match time(&record, task.workload.name) {
                Ok(seconds) => times.push(seconds),
                Err(why) => *samples = Err(why),
            }
        }
    }
    let figure = |times| Figure { operations, span: Span::Seconds(median_by(times, |time| *time)), detail: None };
    Ok(Some(Box::new(samples.map(|samples| Raw::Wall(samples.map(figure))))))
}

/// Seconds between the two lines, or what went wrong.
fn time(record: &Record, workload: &str) -> Result<f64, String> {
    let line = |what: &str| {
        let wanted = format!("BENCH {workload} {what} ");
        record.lines.iter().find(|line| line.text.starts_with(&wanted))
    };
    match (record.outcome, line("begin"), line("end")) {
        (Outcome::Good, Some(begin), Some(end)) => Ok((end.at - begin.at).as_secs_f64()),
        (Outcome::TimeUp, ..) => Err(format!("no end within {} s", LIMIT.as_secs())),
        (Outcome::KernelFault | Outcome::Stuck, ..) => Err("the kernel complained".to_owned()),
        _ => Err("the program failed".to_owned()),
    }
}

fn median_by<T>(mut samples: Vec<T>, key: impl Fn(&T) -> f64) -> T {
    samples.sort_by(|a, b| key(a).total_cmp(&key(b)));
    samples.swap_remove(samples.len() / 2)
}

fn cell(build: Build, task: &Task, raw: Raw, places: &Places) -> Cell {
    let result = match raw {
        Raw::Wall(result) => result,
        Raw::Rig(result) => result.map(|point| {
            let waits = waits(&point, places);
            let detail = Detail {
                time: total(&point.cpus),
                waits,
                modelled: point.modelled_throughput(),
                forced: point.forced,
                turns: point.turns,
            };
            Figure { operations: point.ops, span: Span::Ticks(point.ticks), detail: Some(detail) }
        }),
    };
    Cell { build, workload: task.workload, cpus: task.cpus, result }
}

fn total(cpus: &[CpuTime]) -> CpuTime {
    cpus.iter().fold(CpuTime::default(), |sum, cpu| CpuTime {
        user: sum.user + cpu.user,
        kernel: sum.kernel + cpu.kernel,
        spin: sum.spin + cpu.spin,
        idle: sum.idle + cpu.idle,
    })
}

/// The places where CPUs waited, each once, the longest first.
fn waits(point: &Point, places: &Places) -> Vec<Wait> {
    let mut waits: Vec<Wait> = Vec::new();
    for site in &point.sites {
        let place = places.who(site);
        match waits.iter_mut().find(|wait| wait.place == place) {
            Some(wait) => wait.ticks += site.ticks,
            None => waits.push(Wait { place, ticks: site.ticks }),
        }
    }
    waits.sort_by_key(|wait| std::cmp::Reverse(wait.ticks));
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_one_slow_run() {
        assert!((median_by(vec![9.0, 1.0, 1.5], |time| *time) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn time_adds_up_over_cpus() {
        let cpu = CpuTime { user: 1, kernel: 2, spin: 3, idle: 4 };
        assert_eq!(total(&[cpu, cpu]), CpuTime { user: 2, kernel: 4, spin: 6, idle: 8 });
    }
}
