//! A crowd: envs on all CPUs that do to each other whatever the interface lets them do.
//!
//! They are short-lived: any of them may lose its stack, its program or its life to its parent at any moment, and a page
//! fault that no page can mend is its end. The program itself is out of their reach; it counts, sees to it that there are
//! always some, and has the last word. What each answer has to be nobody can say; but some it can never be.

use core::hint::black_box;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};

use ::fuzz::crowd::{Deed, Ids, NOTES, allowed, deed, mendable};
use ulib::layout::{PGSIZE, UTOP};
use ulib::{
    EnvId, EnvStatus, Error, Page, PteFlags, SELF, Syscall, UTrapframe, WRITE, alive, cprintf, exit, record,
    set_pgfault_handler, sys_env_destroy, sys_env_set_pgfault_upcall, sys_env_set_status, sys_getenvid,
    sys_ipc_try_send, sys_page_alloc, sys_yield,
};

use super::{call, family, memory};
use crate::rng::Rng;

/// Words of the notes: the deeds done, whether to end, wrong answers, how many envs there have been, [`GENUINE`].
const DONE: usize = 0;
const STOP: usize = 1;
const WRONG: usize = 2;
const BORN: usize = 3;
const MARK: usize = 4;
/// Ids, old and new: from here on.
const IDS: usize = 64;
const IDS_LEN: u32 = 64;

/// How many envs the program itself looks after at most.
pub const MOST: usize = 128;
/// Envs that an env remembers having made, and generations below the program.
const CHILDREN: u32 = 3;
const DEPTH: u32 = 3;
/// Deeds that are counted at once.
const BATCH: u32 = 32;
/// What is written to pages: an instruction that there is not, twice, should anybody come to execute it.
const UD2: u32 = 0x0b0f_0b0f;
/// An env may find another page where the notes were, and would never be told to end.
const GENUINE: u32 = 0x6e07_e5ed;
const CANARY: u32 = 0x5ca1_ab1e;

/// What all envs of a crowd know.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Where the deeds come from.
    pub seed: u32,
    /// Envs that the program looks after.
    pub envs: u32,
    /// Deeds to do.
    pub deeds: u32,
    /// Which kinds of deeds.
    pub kinds: u32,
}

impl Crowd {
    /// Lets the crowd do its deeds; prints how many and how many answers were wrong.
    ///
    /// # Errors
    /// When there is no memory to begin with.
    pub fn run(self) -> Result<(), Error> {
        Page::at(NOTES).alloc(WRITE | PteFlags::SHARE)?;
        word(MARK).store(GENUINE, SeqCst);
        set_pgfault_handler(mend)?;
        let mut envs = [0; MOST];
        let envs = &mut envs[..(self.envs as usize).min(MOST)];
        let (mut said, mut idle, mut before) = (0, 0, 0);
        while note(DONE) < self.deeds && idle < 300 {
            for env in &mut *envs {
                self.look_after(env);
            }
            let done = note(DONE);
            // Nobody is left who could do much, and nothing to make others of: the slots are full of orphans.
            idle = if done == before { idle + 1 } else { 0 };
            before = done;
            if done - said > self.deeds / 16 {
                said = done;
                cprintf!("\nFUZZ crowd at {done}\n");
            }
        }
        word(STOP).store(1, SeqCst);
        self.end(envs);
        cprintf!("\nFUZZ crowd done {} wrong {}\n", note(DONE), note(WRONG));
        Ok(())
    }

    /// Makes an env in place of one that is gone; wakes one that is not.
    fn look_after(self, env: &mut u32) {
        if alive(EnvId(*env)) {
            wake(*env);
        } else {
            match family::spawn(NOTES, 1) {
                Ok(SELF) => self.live(1),
                Ok(id) => *env = id.0,
                Err(_) => {}
            }
        }
        // The others' children may be waiting for somebody, too.
        let somebody = EnvId(note(IDS + (*env % IDS_LEN) as usize));
        let _ = sys_ipc_try_send(somebody, 0, UTOP, PteFlags::empty());
        sys_yield();
    }

    /// Gives all a while to end by themselves, then destroys those that can be.
    fn end(self, envs: &[u32]) {
        for round in 0..200 {
            for &env in envs.iter().filter(|&&env| alive(EnvId(env))) {
                wake(env);
                if round > 100 {
                    let _ = sys_env_destroy(EnvId(env));
                }
            }
            for i in 0..IDS_LEN as usize {
                let _ = sys_ipc_try_send(EnvId(note(IDS + i)), 0, UTOP, PteFlags::empty());
            }
            sys_yield();
        }
    }

    /// The life of an env.
    fn live(self, mut depth: u32) -> ! {
        'born: loop {
            let me = sys_getenvid().0;
            let canary = AtomicU32::new(me ^ CANARY);
            let number = word(BORN).fetch_add(1, Relaxed);
            let mut rng = Rng::new(self.seed.wrapping_mul(0x9e37_79b9).wrapping_add(number));
            let mut children = [0; CHILDREN as usize];
            let parent = record(EnvId(me)).parent_id.load(Relaxed);
            remember(&mut rng, me);
            for count in 1.. {
                if note(STOP) != 0 || note(MARK) != GENUINE {
                    exit();
                }
                if count % BATCH == 0 {
                    word(DONE).fetch_add(BATCH, Relaxed);
                }
                let which = rng.below(CHILDREN) as usize;
                let other = not_me(note(IDS + rng.below(IDS_LEN) as usize)).0;
                let child = not_me(children[which]);
                match deed(&mut rng, self.kinds, &Ids { me, parent, child: child.0, other }) {
                    Deed::Touch(va, true) => memory::write(va, UD2),
                    Deed::Touch(va, false) => {
                        memory::read(va);
                    }
                    Deed::Spawn if depth < DEPTH => {
                        let _ = sys_env_destroy(child);
                        match family::spawn(NOTES, 1) {
                            Ok(SELF) => {
                                depth += 1;
                                continue 'born;
                            }
                            Ok(id) => children[which] = id.0,
                            Err(_) => {}
                        }
                    }
                    Deed::Spawn => {}
                    Deed::Call(number, words) => {
                        let made = number == Syscall::Exofork as u32;
                        if made {
                            let _ = sys_env_destroy(child);
                        }
                        let eax = call(number, words, &mut rng);
                        let right = eax.is_some_and(|eax| allowed(number, &words, me, eax));
                        if !right && black_box(&canary).load(SeqCst) == sys_getenvid().0 ^ CANARY {
                            wrong(me, number, &words, eax);
                        }
                        if let Some(child) = eax.filter(|eax| made && eax.cast_signed() > 0) {
                            children[which] = child;
                            remember(&mut rng, child);
                            if rng.below(16) != 0 {
                                // One line when it dies in place of a whole dump.
                                let _ = sys_env_set_pgfault_upcall(EnvId(child), 0xdead_beef);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// "Nobody", where 0 would mean the caller.
fn not_me(id: u32) -> EnvId {
    EnvId(if id == 0 { u32::MAX } else { id })
}

fn wake(env: u32) {
    if record(EnvId(env)).status.load(SeqCst) == EnvStatus::NotRunnable as u32 {
        let _ = sys_ipc_try_send(EnvId(env), 0, UTOP, PteFlags::empty());
        let _ = sys_env_set_status(EnvId(env), EnvStatus::Runnable);
    }
}

fn remember(rng: &mut Rng, id: u32) {
    word(IDS + rng.below(IDS_LEN) as usize).store(id, Relaxed);
}

fn wrong(me: u32, number: u32, words: &[u32; 5], eax: Option<u32>) {
    word(WRONG).fetch_add(1, Relaxed);
    match eax {
        Some(eax) => cprintf!("\nFUZZ WRONG: env {me:08x} call {number:x} {words:x?} = {eax:08x}\n"),
        None => cprintf!("\nFUZZ WRONG: env {me:08x} call {number:x} {words:x?} changed a register\n"),
    }
}

/// The page-fault handler: a page where pages may be, else the end. Also the end of an env that has lost its way, executes
/// whatever there is, and would go on for ever.
fn mend(frame: &mut UTrapframe) {
    let va = frame.fault_va & !(PGSIZE - 1);
    if !mendable(va) || note(STOP) != 0 || note(MARK) != GENUINE || sys_page_alloc(SELF, va, WRITE).is_err() {
        exit();
    }
}

fn note(place: usize) -> u32 {
    word(place).load(Relaxed)
}

fn word(place: usize) -> &'static AtomicU32 {
    Page::at(NOTES).atomic(place)
}
