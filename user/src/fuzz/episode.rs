//! An episode: seven envs take turns at making calls, and remember what came of each.
//!
//! All of them see the board: the steps, how many have been taken, the results, the ids. Each env takes the steps that are
//! its own. The program itself conducts besides: it writes down what became of a step whose env can't, because it was
//! destroyed, blocks or is frozen. So at every moment only one call is under way, and on one CPU, where ids are handed out
//! in JOS's order, all results follow from the steps.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::SeqCst;

use ::fuzz::edges::{PAGES, XSTACK};
use ::fuzz::plan::{MAX_STEPS, Plan, TAIL, tail};
use ::fuzz::step::{
    ACTORS, Action, BLOCKED, CHANGED, DIED, Digest, FROZE, IDS, NO_ID, ROOT, SKIPPED, Step, TREE, seen,
};
use ulib::layout::PGSIZE;
use ulib::{
    EnvId, EnvStatus, Error, Page, PteFlags, READ, SELF, Syscall, WORDS, WRITE, alive, cprintf, exit, flags_at,
    page_info, raw, record, sys_env_set_pgfault_upcall, sys_getenvid, sys_page_alloc, sys_page_unmap, sys_yield, uvpt,
};

use super::{call, family, memory};
use crate::rng::Rng;

/// The board: a page for the words below, one for the results, the rest for the steps.
const BOARD: u32 = 0x0100_0000;
const BOARD_PAGES: u32 = 2 + (MAX_STEPS * Step::WORDS / WORDS) as u32;
const RESULTS: usize = WORDS;
const STEPS: usize = 2 * WORDS;

/// How many of the tree's forks are done; [`NO_ROOM`] if one failed.
const FORKED: usize = 0;
/// The next step.
const NEXT: usize = 1;
/// The last step begun, plus one.
const BEGUN: usize = 2;
/// How many steps there are.
const TOTAL: usize = 3;
/// Ids, in the order of [`::fuzz::step`].
const KNOWN: usize = 16;

const NO_ROOM: u32 = u32::MAX;
const _: () = assert!(MAX_STEPS <= WORDS && KNOWN + IDS <= WORDS && ACTORS <= IDS);

/// Which steps of an episode are taken; all when there are no words.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a>(pub Option<&'a str>);

impl Kept<'_> {
    /// Whether step `i` is: bit `i % 4` of hexadecimal digit `i / 4`.
    fn has(self, i: usize) -> bool {
        let Some(digits) = self.0 else { return true };
        let digit = digits.as_bytes().get(i / 4).and_then(|&digit| char::from(digit).to_digit(16));
        digit.is_some_and(|digit| digit >> (i % 4) & 1 != 0)
    }
}

/// Makes room for the board. Once, before the first episode.
pub fn open() -> Result<(), Error> {
    (0..BOARD_PAGES).try_for_each(|page| Page::at(BOARD + page * PGSIZE).alloc(WRITE | PteFlags::SHARE))
}

/// Plays an episode to its end: the digest of all results. Fails if no env or no page is left for those who take part.
pub fn run(mut plan: Plan, length: usize, kept: Kept<'_>) -> Result<Digest, Error> {
    clean()?;
    let mut total = 0;
    let mut add = |step: Step| {
        for (i, value) in step.to_words().into_iter().enumerate() {
            word(STEPS + total * Step::WORDS + i).store(value, SeqCst);
        }
        total += 1;
        total
    };
    for i in 0..length {
        let step = plan.step();
        if kept.has(i) {
            add(step);
        }
    }
    let total = (0..TAIL).map(|i| add(tail(i))).last().unwrap_or(0);
    [FORKED, NEXT, BEGUN].into_iter().for_each(|place| word(place).store(0, SeqCst));
    word(TOTAL).store(total as u32, SeqCst);
    (0..IDS).for_each(|place| word(KNOWN + place).store(NO_ID, SeqCst));
    word(KNOWN + ROOT).store(sys_getenvid().0, SeqCst);

    let me = grow()?;
    while let i = load(NEXT) as usize
        && i < total
    {
        take_part(me, i);
    }
    if me != ROOT {
        exit();
    }
    clean()?;
    Ok((0..total).fold(Digest::EMPTY, |digest, i| digest.with(result(i))))
}

/// The result of step `i` of the episode that was played last.
pub fn result(i: usize) -> u32 {
    word(RESULTS + i).load(SeqCst)
}

/// How many steps the episode had that was played last.
pub fn total() -> usize {
    load(TOTAL) as usize
}

/// Puts the caller's memory in the order in which an episode begins.
fn clean() -> Result<(), Error> {
    sys_env_set_pgfault_upcall(SELF, 0)?;
    PAGES.into_iter().try_for_each(|va| sys_page_unmap(SELF, va))?;
    sys_page_alloc(SELF, XSTACK, WRITE)
}

/// Makes the other envs, one after the other. Returns, in each of them, which one it is.
fn grow() -> Result<usize, Error> {
    let mut me = ROOT;
    for (i, (parent, child)) in (0..).zip(TREE) {
        if me == parent {
            match family::spawn(BOARD, BOARD_PAGES) {
                Ok(SELF) => me = child,
                Ok(id) => {
                    sys_env_set_pgfault_upcall(id, 0)?;
                    word(KNOWN + child).store(id.0, SeqCst);
                    word(FORKED).store(i + 1, SeqCst);
                }
                Err(_) => word(FORKED).store(NO_ROOM, SeqCst),
            }
        }
        while load(FORKED) <= i {
            sys_yield();
        }
        if load(FORKED) == NO_ROOM {
            return if me == ROOT { Err(Error::NoFreeEnv) } else { exit() };
        }
    }
    Ok(me)
}

/// Does what `me` has to do while step `i` is the next one.
fn take_part(me: usize, i: usize) {
    let first = STEPS + i * Step::WORDS;
    let step = Step::from_words(core::array::from_fn(|n| load(first + n)));
    if step.actor == me {
        word(BEGUN).store(i as u32 + 1, SeqCst);
        let result = take(&step, i);
        if load(NEXT) as usize == i {
            finish(i, result);
        } else if result != 0 {
            // It blocked or froze, and now goes on.
            cprintf!("FUZZ WRONG: step {i} of actor {me} went on with {result:08x}\n");
        }
    } else if me == ROOT && conduct(&step, i) {
    } else {
        sys_yield();
    }
}

/// If the env whose turn it is can't take step `i`, or did not come back from it, that is the result.
fn conduct(step: &Step, i: usize) -> bool {
    let id = EnvId(load(KNOWN + step.actor));
    // First whether it can go on, and then how far it came: the timer may interrupt this anywhere, and the other way round it
    // could begin the step, and die of it, in between.
    let (lives, status) = (alive(id), record(id).status.load(SeqCst));
    let (begun, receives) = (load(BEGUN) as usize == i + 1, record(id).ipc_recving.load(SeqCst) & 0xff != 0);
    let outcome = match (begun, receives) {
        (true, _) if !lives => DIED,
        (false, _) if !lives => SKIPPED,
        _ if status != EnvStatus::NotRunnable as u32 => return false,
        (true, true) => BLOCKED,
        (true, false) => FROZE,
        (false, _) => SKIPPED,
    };
    // Unless it has taken the step meanwhile, and this is how the next one left it.
    let still = load(NEXT) as usize == i;
    if still {
        finish(i, outcome);
    }
    still
}

fn finish(i: usize, result: u32) {
    word(RESULTS + i).store(result, SeqCst);
    word(NEXT).store(i as u32 + 1, SeqCst);
}

fn take(step: &Step, i: usize) -> u32 {
    let words = step.resolve(|place| load(KNOWN + place));
    let call = |number| call(number, words, &mut Rng::new(i as u32)).unwrap_or(CHANGED);
    match step.action {
        Action::Call => {
            let result = call(step.call);
            settle(step.call, &words, result);
            result
        }
        Action::Exofork => {
            let keep = word(KNOWN + usize::from(step.keep));
            if alive(EnvId(keep.load(SeqCst))) {
                return SKIPPED;
            }
            let result = call(step.call);
            if result.cast_signed() > 0 {
                keep.store(result, SeqCst);
            }
            result
        }
        Action::Look => {
            let flags = flags_at(words[0]) & PteFlags::SYSCALL;
            if !flags.contains(READ) {
                return 0;
            }
            let info = page_info((uvpt((words[0] / PGSIZE) as usize) / PGSIZE) as usize);
            let references = info.map_or(0, |info| info.refs.load(SeqCst));
            seen(flags.bits(), references, memory::read(words[0]))
        }
        Action::Poke => {
            let may = flags_at(words[0]).contains(WRITE);
            if may {
                memory::write(words[0], words[1]);
            }
            u32::from(may)
        }
        Action::Record => digest_of(EnvId(words[0])).0,
    }
}

/// Sees to it that nothing is under way when the next step begins.
fn settle(number: u32, words: &[u32; 5], result: u32) {
    if number == Syscall::IpcTrySend as u32 && result == Error::IpcNotRecv.to_eax() {
        // After a refused message `yield` may last until the receiver wants one. Not after this one.
        raw::syscall4(number, 0, 0, 0, 0);
    }
    let embryo = (ACTORS..IDS).any(|place| load(KNOWN + place) == words[0]);
    let started = number == Syscall::EnvSetStatus as u32 && words[1] == EnvStatus::Runnable as u32 && result == 0;
    while embryo && started && alive(EnvId(words[0])) {
        // It has no memory to run in, so it dies.
        sys_yield();
    }
}

/// Of what programs see of the slot of `id`.
fn digest_of(id: EnvId) -> Digest {
    let record = record(id);
    let [id, status] = [&record.id, &record.status].map(|word| word.load(SeqCst));
    let digest = Digest::of(&[id, status]);
    if status == EnvStatus::Free as u32 {
        return digest;
    }
    let receiving = record.ipc_recving.load(SeqCst) & 0xff;
    let wanted = if receiving == 0 { 0 } else { record.ipc_dstva.load(SeqCst) };
    let rest = [
        &record.parent_id,
        &record.kind,
        &record.pgfault_upcall,
        &record.ipc_value,
        &record.ipc_from,
        &record.ipc_perm,
    ];
    let digest = rest.into_iter().fold(digest, |digest, word| digest.with(word.load(SeqCst)));
    digest.with(receiving).with(wanted)
}

fn load(place: usize) -> u32 {
    word(place).load(SeqCst)
}

fn word(place: usize) -> &'static AtomicU32 {
    Page::at(BOARD + (place / WORDS) as u32 * PGSIZE).atomic(place % WORDS)
}
