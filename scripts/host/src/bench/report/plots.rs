//! The plots of the report: throughput against CPUs, where the time goes, and all workloads in one picture.

use super::scale::{self, Scale};
use crate::bench::figure::Cell;
use crate::bench::findings::{Curve, Findings, Lead, count, times};
use crate::bench::table::{rate, shares};
use crate::svg::{Anchor, Svg};

/// The two builds: class in the style sheet, and name.
pub(super) const BUILDS: [(&str, &str); 2] = [("fine", "fine locks"), ("big", "big lock")];

/// The parts of a CPU's time, in the order of [`shares`].
pub(super) const PARTS: [(&str, &str); 4] =
    [("user", "user"), ("kernel", "kernel"), ("spin", "waiting in a loop"), ("idle", "idle")];

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 300.0;
/// Room for labels: left, right, top, bottom.
const ROOM: (f64, f64, f64, f64) = (58.0, 84.0, 26.0, 40.0);

/// Throughput of both builds against CPUs, the ideal line, and the point where the builds cross.
pub(super) fn throughput(curve: &Curve<'_>, unit: &str) -> Option<String> {
    let rates: Vec<_> = curve.pairs.iter().flatten().filter_map(Cell::throughput).filter(|rate| *rate > 0.0).collect();
    let (low, high) = (rates.iter().copied().reduce(f64::min)?, rates.iter().copied().reduce(f64::max)?);
    let (first, last) = (curve.pairs.first()?, curve.pairs.last()?);
    let ideal = first[0].throughput().map(|rate| (rate, rate * curve.ideal()));
    let top = ideal.map_or(high, |(_, end)| end.max(high));
    let x = Scale::new((f64::from(first[0].cpus), f64::from(last[0].cpus)), (ROOM.0, WIDTH - ROOM.1));
    let y = Scale::new(scale::round_out(low, top), (HEIGHT - ROOM.3, ROOM.2));
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("Throughput of {} against CPUs", curve.workload.title));
    for mark in scale::marks(low / 1.25, top * 1.25) {
        svg.line("grid", (ROOM.0, y.at(mark)), (WIDTH - ROOM.1, y.at(mark)));
        svg.text("tick", (ROOM.0 - 6.0, y.at(mark) + 4.0), Anchor::End, &scale::short(mark));
    }
    cpu_axis(&mut svg, curve, |cpus| x.at(f64::from(cpus)), (ROOM.0 + WIDTH - ROOM.1) / 2.0);
    svg.text("unit", (4.0, 11.0), Anchor::Start, unit);
    if let Some((from, to)) = ideal {
        let end = (WIDTH - ROOM.1, y.at(to));
        svg.path("ideal", &[(x.at(f64::from(first[0].cpus)), y.at(from)), end]);
        svg.text("tick", (end.0 + 8.0, end.1 + 4.0), Anchor::Start, "ideal");
    }
    for build in [1, 0] {
        build_line(&mut svg, curve, build, &x, &y);
    }
    end_labels(&mut svg, curve, &y, ideal.map(|(_, to)| to));
    if let Lead::FineFrom(cpus) = curve.lead() {
        svg.line("crossing", (x.at(cpus), ROOM.2), (x.at(cpus), HEIGHT - ROOM.3));
        svg.text("crossing", (x.at(cpus) + 4.0, HEIGHT - ROOM.3 - 6.0), Anchor::Start, &format!("cross at {cpus:.1}"));
    }
    Some(svg.finish())
}

/// Numbers of CPUs below a plot.
fn cpu_axis(svg: &mut Svg, curve: &Curve<'_>, x: impl Fn(u16) -> f64, middle: f64) {
    for pair in curve.pairs {
        svg.text("tick", (x(pair[0].cpus), HEIGHT - ROOM.3 + 16.0), Anchor::Middle, &pair[0].cpus.to_string());
    }
    svg.text("unit", (middle, HEIGHT - 6.0), Anchor::Middle, "CPUs");
}

fn build_line(svg: &mut Svg, curve: &Curve<'_>, build: usize, x: &Scale, y: &Scale) {
    let (class, name) = BUILDS[build];
    let known = || curve.pairs.iter().filter_map(|pair| Some((&pair[build], pair[build].throughput()?)));
    let place = |cell: &Cell, rate: f64| (x.at(f64::from(cell.cpus)), y.at(rate));
    svg.path(&format!("curve {class}"), &known().map(|(cell, rate)| place(cell, rate)).collect::<Vec<_>>());
    let modelled = || curve.pairs.iter().filter_map(|pair| Some((&pair[build], pair[build].detail()?.modelled?)));
    let points: Vec<_> = modelled().map(|(cell, rate)| place(cell, rate)).collect();
    if points.len() > 1 {
        svg.path(&format!("curve model {class}"), &points);
    }
    for (cell, throughput) in known() {
        let title = format!("{name}, {}: {}", count(cell.cpus), rate(Some(throughput)));
        svg.dot(class, place(cell, throughput), 3.5, &title);
    }
}

/// The speed-ups at the right ends of the curves, moved apart where they would cover each other.
fn end_labels(svg: &mut Svg, curve: &Curve<'_>, y: &Scale, ideal: Option<f64>) {
    let Some(last) = curve.pairs.last() else { return };
    let mut lowest = ideal.map_or(f64::NEG_INFINITY, |ideal| y.at(ideal));
    let mut order: Vec<_> = (0..2).filter_map(|build| Some((build, y.at(last[build].throughput()?)))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    for (build, place) in order {
        let Some(speed_up) = curve.speed_up(build) else { continue };
        let place = place.max(lowest + 15.0);
        lowest = place;
        let class = format!("end {}", BUILDS[build].0);
        svg.text(&class, (WIDTH - ROOM.1 + 8.0, place + 4.0), Anchor::Start, &format!("× {}", times(speed_up)));
    }
}

/// Where the CPUs' time goes, for each number of CPUs, the two builds side by side. Nothing without the rig.
pub(super) fn time(curve: &Curve<'_>) -> Option<String> {
    curve.pairs.iter().flatten().find_map(Cell::detail)?;
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("Where the time of {} goes", curve.workload.title));
    let (left, gap, top, bottom) = (44.0, 22.0, 30.0, HEIGHT - ROOM.3);
    for percent in [0.0, 25.0, 50.0, 75.0, 100.0] {
        let y = bottom - (bottom - top) * percent / 100.0;
        svg.line("grid", (left, y), (WIDTH, y));
        svg.text("tick", (left - 6.0, y + 4.0), Anchor::End, &format!("{percent} %"));
    }
    let panel = (WIDTH - left - gap) / 2.0;
    let step = panel / f64::from(u16::try_from(curve.pairs.len()).unwrap_or(1).max(1));
    for (build, (class, name)) in BUILDS.into_iter().enumerate() {
        let start = if build == 0 { left } else { left + panel + gap };
        svg.text(&format!("panel {class}"), (start + panel / 2.0, 16.0), Anchor::Middle, name);
        for (pair, index) in curve.pairs.iter().zip(0u16..) {
            let cell = &pair[build];
            let x = start + step * f64::from(index);
            svg.text("tick", (x + step / 2.0, bottom + 16.0), Anchor::Middle, &cell.cpus.to_string());
            bar(&mut svg, cell, name, (x + step * 0.08, step * 0.84), (top, bottom));
        }
    }
    svg.text("unit", (WIDTH / 2.0, HEIGHT - 6.0), Anchor::Middle, "CPUs");
    Some(svg.finish())
}

fn bar(svg: &mut Svg, cell: &Cell, name: &str, (x, width): (f64, f64), (top, bottom): (f64, f64)) {
    let Some(detail) = cell.detail() else {
        svg.text("tick", (x + width / 2.0, bottom - 6.0), Anchor::Middle, "?");
        return;
    };
    let mut y = bottom;
    for ((class, part), share) in PARTS.into_iter().zip(shares(&detail.time)) {
        let height = (bottom - top) * share;
        y -= height;
        let title = format!("{name}, {}: {:.1} % {part}", count(cell.cpus), share * 100.0);
        svg.area(class, (x, y), (width, height), &title);
    }
}

/// All workloads in one picture: how many times as much the most CPUs do as the fewest.
pub(super) fn overview(findings: &Findings<'_>) -> Option<String> {
    let (fewest, most) = findings.cpus();
    let curves: Vec<_> = findings.private().chain(findings.shared()).collect();
    let speed_ups = || curves.iter().flat_map(|curve| [curve.speed_up(0), curve.speed_up(1)]).flatten();
    let low = speed_ups().reduce(f64::min)?.min(1.0);
    let ideal = f64::from(most) / f64::from(fewest);
    if most == fewest {
        return None;
    }
    let (row, top, left, right, width) = (26.0, 44.0, 180.0, 250.0, 800.0);
    let private = findings.private().count();
    let rows = f64::from(u32::try_from(curves.len()).unwrap_or(0)) + if private < curves.len() { 1.0 } else { 0.0 };
    let height = top + rows * row + 8.0;
    let x = Scale::new((low * 0.9, ideal.max(speed_ups().reduce(f64::max)?)), (left, width - right));
    let label = format!("How many times as much {most} CPUs do as {fewest}");
    let mut svg = Svg::new(width, height, &label);
    let mut mark = 2f64.powf(low.log2().floor());
    while mark <= ideal * 1.001 {
        let class = if (mark - ideal).abs() < 0.001 { "ideal" } else { "grid" };
        if mark >= low * 0.9 {
            // Too close for a text at each: one at every second, counted from the ideal.
            let is_told = x.at(2.0) - x.at(1.0) > 52.0 || (ideal / mark).log2().round() % 2.0 == 0.0;
            svg.line(class, (x.at(mark), top - 6.0), (x.at(mark), height - 8.0));
            let text = if class == "ideal" { format!("× {mark} (ideal)") } else { format!("× {mark}") };
            if is_told {
                svg.text("tick", (x.at(mark), top - 12.0), Anchor::Middle, &text);
            }
        }
        mark *= 2.0;
    }
    let columns = [width - right + 100.0, width - right + 165.0, width - 4.0];
    for (column, (class, head)) in
        columns.into_iter().zip([("end fine", "fine"), ("end big", "big"), ("unit", "fine / big")])
    {
        svg.text(class, (column, top - 12.0), Anchor::End, head);
    }
    let mut y = top + row / 2.0;
    for (index, curve) in curves.iter().enumerate() {
        if index == private {
            svg.text("unit", (8.0, y + 8.0), Anchor::Start, "JOS's interface makes all CPUs share one thing:");
            y += row;
        }
        overview_row(&mut svg, curve, &x, y, left, columns);
        y += row;
    }
    Some(svg.finish())
}

fn overview_row(svg: &mut Svg, curve: &Curve<'_>, x: &Scale, y: f64, left: f64, columns: [f64; 3]) {
    svg.text("name", (left - 14.0, y + 4.5), Anchor::End, curve.workload.title);
    let ends = [curve.speed_up(0), curve.speed_up(1)];
    if let [Some(fine), Some(big)] = ends {
        svg.line("link", (x.at(big), y), (x.at(fine), y));
    }
    for build in [1, 0] {
        let (class, name) = BUILDS[build];
        match ends[build] {
            Some(speed_up) => {
                let title = format!("{}, {name}: × {}", curve.workload.title, times(speed_up));
                svg.dot(class, (x.at(speed_up), y), 6.0, &title);
                svg.text(
                    &format!("end {class}"),
                    (columns[build], y + 4.5),
                    Anchor::End,
                    &format!("× {}", times(speed_up)),
                );
            }
            None => svg.text("unit", (columns[build], y + 4.5), Anchor::End, "failed"),
        }
    }
    if let Some((_, ratio)) = curve.ratios().last() {
        svg.text("name", (columns[2], y + 4.5), Anchor::End, &format!("× {}", times(*ratio)));
    }
}
