//! Audits: each invariant, broken by hand, is reported by its name.

use std::sync::atomic::{AtomicU32, Ordering};

use abi::layout::{PGSIZE, UTEMP, UVPT};
use abi::page::pdx;
use abi::{EnvId, EnvStatus, NENV, Syscall};

use super::machine::{Machine, machine, record};
use super::program::{PUW, Program, spawn, start};
use crate::cpu;
use crate::env::life::Tenancy;
use crate::env::table;
use crate::mm::frame::{self, Frame, PageRef};
use crate::mm::{kernel_map, page_table, phys};
use crate::x86::{ports, registers};
use crate::{audit, presence, sched};

/// A program that runs, one of its children that is queued and one that is not, and the frame of the program's only page.
struct Scene {
    program: Program,
    queued: EnvId,
    embryo: EnvId,
    frame: Frame,
    _machine: Machine,
}

fn scene() -> Scene {
    let machine = machine();
    let mut program = start();
    program.alloc(UTEMP, 1);
    let queued = spawn(program.id);
    let embryo = EnvId(program.call(Syscall::Exofork, &[]).unwrap());
    let frame = table::env(program.id.slot()).space.lock().lookup(UTEMP).unwrap().frame;
    Scene { program, queued, embryo, frame, _machine: machine }
}

/// The kinds of faults that an audit finds, each once, in the order in which they are reported.
fn faults() -> Vec<String> {
    ports::take_output();
    let good = audit::at_end();
    let output = ports::take_output();
    let mut kinds: Vec<String> = Vec::new();
    for line in output.lines().filter_map(|line| line.strip_prefix("AUDITFAULT kind=")) {
        let kind = line.split(' ').next().unwrap().to_owned();
        if kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
    }
    assert_eq!(good, kinds.is_empty(), "{output}");
    kinds
}

/// Breaks something, expects these faults and no others, and mends it.
#[track_caller]
fn broken(expected: &[&str], damage: impl FnOnce(), mend: impl FnOnce()) {
    assert_eq!(faults(), [""; 0], "before");
    damage();
    assert_eq!(faults(), expected);
    mend();
    assert_eq!(faults(), [""; 0], "after");
}

fn word(place: &AtomicU32, wrong: u32, expected: &[&str]) {
    let right = place.load(Ordering::Relaxed);
    broken(expected, || place.store(wrong, Ordering::Relaxed), || place.store(right, Ordering::Relaxed));
}

#[test]
fn a_wrong_count_of_references_is_found() {
    let scene = scene();
    let frame = scene.frame;
    broken(
        &["frame-count"],
        || assert_eq!(PageRef::share(frame).into_entry(), frame),
        || drop(PageRef::from_entry(frame)),
    );
    // A reference that nobody has.
    let lost = PageRef::alloc().unwrap().into_entry();
    assert_eq!(faults(), ["frame-count"]);
    drop(PageRef::from_entry(lost));
    // One that would be overlooked.
    word(frame::chunks(table_of(&scene, UTEMP)), 0, &["chunk"]);
    // An entry that has none: the page is freed under it.
    let entry = phys::table(table_of(&scene, UTEMP)).as_slice();
    let place = &entry[abi::page::ptx(UTEMP)];
    let mapped = place.load(Ordering::Relaxed);
    let free = frame_in_pool();
    word(place, (mapped & 0xfff) | free.address(), &["frame-count", "frame-free-and-used"]);
}

#[test]
fn a_frame_that_is_lost_or_free_twice_is_found() {
    let scene = scene();
    let number = frame::pool().take().unwrap();
    assert_eq!(faults(), ["frame-lost"]);
    frame::pool().give(number);
    frame::pool().give(number);
    assert_eq!(faults(), ["frame-free-twice"]);
    frame::pool().take();
    let used = scene.frame.0;
    broken(&["frame-free-and-used"], || frame::pool().give(used), || assert!(frame::pool().take().is_some()));
    broken(&["frame-number"], || frame::pool().give(0xffff), || assert!(frame::pool().take().is_some()));
}

#[test]
fn a_slot_that_is_lost_or_free_twice_is_found() {
    let scene = scene();
    let number = table::pool().take().unwrap();
    assert_eq!(faults(), ["slot-lost"]);
    table::pool().give(number);
    table::pool().give(number);
    assert_eq!(faults(), ["slot-free-twice"]);
    table::pool().take();
    let used = scene.program.id.slot() as u16;
    broken(&["slot-free-and-used"], || table::pool().give(used), || assert!(table::pool().take().is_some()));
    broken(&["slot-number"], || table::pool().give(NENV as u16), || assert!(table::pool().take().is_some()));
}

#[test]
fn an_env_in_no_queue_or_in_two_is_found() {
    let scene = scene();
    let (slot, embryo, here) = (scene.queued.slot(), scene.embryo.slot(), sched::books(0).0);
    // The hints beside the queue are wrong, too, since they are not touched.
    broken(
        &["queue-books", "env-not-queued", "env-queued-elsewhere"],
        || assert!(here.lock().remove(slot)),
        || here.lock().insert(slot),
    );
    let other = sched::books(1).0;
    broken(
        &["queue-books", "env-queued", "env-queued-elsewhere"],
        || other.lock().insert(slot),
        || assert!(other.lock().remove(slot)),
    );
    for not_due in [embryo, scene.program.id.slot()] {
        broken(
            &["queue-books", "env-queued", "env-queued-elsewhere"],
            || here.lock().insert(not_due),
            || assert!(here.lock().remove(not_due)),
        );
    }
    let life = &table::env(slot).life;
    broken(&["env-queued-elsewhere"], || life.lock().queued_on = Some(2), || life.lock().queued_on = Some(0));
    // One that is patient in the queue, and not in its life.
    let patient = |yes: bool| {
        let mut queue = here.lock();
        queue.remove(slot);
        if yes { queue.insert_patient(slot) } else { queue.insert(slot) }
    };
    broken(&["queue-books", "env-queued-elsewhere"], || patient(true), || patient(false));
}

#[test]
fn an_env_on_two_cpus_is_found() {
    let scene = scene();
    let mine = scene.program.id.slot() as u32 + 1;
    word(&cpu::get(3).env, mine, &["env-elsewhere"]);
    // This CPU says that it runs another one, and has the wrong directory for that. How often mappings of either have
    // gone, which earlier tests have a say in, is not what this is about.
    let says = |slot: usize| {
        audit::loading(slot);
        cpu::get(0).env.store(slot as u32 + 1, Ordering::Relaxed);
    };
    let (own, other) = (scene.program.id.slot(), scene.queued.slot());
    broken(&["env-elsewhere", "stale-cr3", "env-elsewhere"], || says(other), || says(own));
    word(&cpu::get(0).env, 0, &["stale-cr3", "env-elsewhere"]);
    word(&cpu::get(2).user_slot, mine, &["in-user-mode"]);
}

#[test]
fn a_stale_directory_or_translation_is_found() {
    let scene = scene();
    word(&registers::mine().cr3, kernel_map::directory().address(), &["stale-cr3"]);
    word(&registers::mine().cr3, 0x1234_5000, &["stale-cr3"]);
    let slot = scene.program.id.slot();
    broken(&["stale-tlb"], || audit::changed(slot), || audit::dropped(slot));
    broken(&["stale-tlb"], || audit::changed(slot), || audit::loading(slot));
    // It is told of it: then it is not stale, but busy.
    audit::changed(slot);
    presence::request(slot, presence::FLUSH);
    assert_eq!(faults(), [""; 0]);
    audit::loading(slot);
}

#[test]
fn a_stack_that_was_nearly_too_small_is_found() {
    let _scene = scene();
    let size = kernel_map::stack_size(0);
    let place = |below_top: u32| {
        let word = page_table::slot(kernel_map::directory(), kernel_map::stack_top(0) - below_top).unwrap();
        let frame = page_table::Entry::decode(word.load(Ordering::Relaxed)).unwrap().frame;
        move |byte: u8| phys::write(frame, ((size - below_top) % PGSIZE) as usize, &[byte])
    };
    assert_eq!(kernel_map::stack_spare(0), size);
    // What is used is known to within 64 bytes.
    let touched = place(64);
    touched(1);
    assert_eq!(kernel_map::stack_spare(0), size - 64);
    let (enough, too_deep, all) = (place(size - size / 4), place(size - size / 4 + 1), place(size));
    broken(&[], || enough(1), || enough(0));
    broken(&["deep-stack"], || too_deep(1), || too_deep(0));
    broken(&["deep-stack"], || all(1), || all(0));
    touched(0);
}

#[test]
fn a_lock_that_is_held_is_found() {
    let scene = scene();
    let env = table::env(scene.queued.slot());
    {
        let _life = env.life.lock();
        // What the env has could not be counted then.
        assert_eq!(faults(), ["lock-held", "lock-taken", "frame-count"]);
    }
    {
        let _mailbox = env.mailbox.lock();
        let _space = env.space.lock();
        assert_eq!(faults()[..2], ["lock-held", "lock-taken"]);
    }
    {
        let _queue = sched::books(5).0.lock();
        assert_eq!(faults(), ["lock-held", "lock-taken"]);
    }
    assert_eq!(faults(), [""; 0]);
}

#[test]
fn a_record_that_does_not_mirror_is_found() {
    let scene = scene();
    let ids = [scene.program.id, scene.queued, scene.embryo];
    for record in ids.map(record) {
        for place in [&record.parent_id, &record.kind, &record.link, &record.pgdir, &record.ipc_recving, &record.status]
        {
            word(place, 0x7777, &["mirror"]);
        }
        word(&record.id, record.id.load(Ordering::Relaxed) + 0x1000, &["mirror"]);
    }
    word(&record(scene.program.id).cpunum, 3, &["mirror"]);
    word(&table::record(1000).status, EnvStatus::Runnable as u32, &["mirror"]);
    assert_eq!(record(scene.program.id).status.load(Ordering::Relaxed), EnvStatus::Running as u32);
}

#[test]
fn a_space_or_life_of_somebody_else_is_found() {
    let scene = scene();
    let directory = table::env(scene.queued.slot()).space.lock().directory();
    let halves = phys::table(directory);
    word(&halves[pdx(UVPT)], 0, &["kernel-half"]);
    word(&halves[1023], 0x87, &["kernel-half"]);
    let life = &table::env(scene.embryo.slot()).life;
    let parent = scene.program.id;
    broken(&["mirror", "space-owner"], || life.lock().parent = scene.queued, || life.lock().parent = parent);
    broken(
        &["env-not-reaped", "mirror"],
        || life.lock().tenancy = Tenancy::Dying,
        || life.lock().tenancy = Tenancy::Live,
    );
    broken(
        &["slot-lost", "slot-not-empty", "mirror", "frame-count"],
        || life.lock().tenancy = Tenancy::Free,
        || life.lock().tenancy = Tenancy::Live,
    );
    let mailbox = &table::env(scene.embryo.slot()).mailbox;
    broken(&["receiving"], || mailbox.lock().receiving = true, || mailbox.lock().receiving = false);
}

/// The frame of the page table for `va`.
fn table_of(scene: &Scene, va: u32) -> Frame {
    let directory = table::env(scene.program.id.slot()).space.lock().directory();
    Frame::containing(phys::table(directory)[pdx(va)].load(Ordering::Relaxed)).unwrap()
}

fn frame_in_pool() -> Frame {
    let page = PageRef::alloc().unwrap();
    page.frame()
}

#[test]
fn an_audit_is_clean_after_every_call() {
    let mut scene = scene();
    let child = scene.queued.0;
    for (call, arguments) in [
        (Syscall::PageAlloc, &[child, UTEMP, PUW][..]),
        (Syscall::PageMap, &[0, UTEMP, child, 0x40_0000, PUW]),
        (Syscall::PageUnmap, &[child, UTEMP]),
        (Syscall::EnvSetStatus, &[child, EnvStatus::NotRunnable as u32]),
        (Syscall::EnvSetStatus, &[child, EnvStatus::Runnable as u32]),
        (Syscall::EnvSetPgfaultUpcall, &[child, UTEMP]),
        (Syscall::Yield, &[]),
        (Syscall::EnvDestroy, &[child]),
        (Syscall::EnvDestroy, &[scene.embryo.0]),
    ] {
        assert_eq!(scene.program.call(call, arguments), Ok(0), "{call:?}");
        assert_eq!(faults(), [""; 0], "{call:?}");
    }
}
