//! One boot of a kernel with a program of the fuzzer, its lines handed on as they come.

use std::collections::VecDeque;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::guest::{Event, Guest};
use crate::interrupt;
use crate::kernel_build::Image;
use crate::options::KernelOptions;
use crate::outcome::{Ended, Outcome};
use crate::programs::{self, Program};
use crate::qemu::{self, Accel, Machine};
use crate::run;
use crate::serial::{Complaints, Splitter};

/// How many of the last lines are kept.
const KEPT: usize = 40;

/// The monitor's prompt, and how it is left.
const PROMPT: &str = "K> ";
const GO_ON: &str = "continue";

/// How often a program may get to the monitor before it is given up.
const MOST_BREAKPOINTS: u32 = 20;

/// What to boot.
#[derive(Clone, Copy, Debug)]
pub struct Boot<'a> {
    /// The kernel.
    pub image: &'a Image,
    /// Which one that is.
    pub kernel: KernelOptions,
    /// Guest CPUs.
    pub cpus: u16,
    /// Guest memory in MiB.
    pub memory: u32,
    /// More words for the kernel.
    pub words: &'a [String],
    /// When to give up, if not a line has come meanwhile.
    pub patience: Duration,
}

/// How a boot ended.
#[derive(Clone, Debug)]
pub struct Booted {
    /// In a word.
    pub outcome: Outcome,
    /// The last lines, what QEMU said, and where its CPUs were when the time was up.
    pub tail: String,
}

impl Boot<'_> {
    /// The kernel and the machine, in words.
    pub fn name(&self) -> String {
        format!("{} {}, {} CPUs", self.kernel.build, self.kernel.profile, self.cpus)
    }

    /// The options that choose the same kernel.
    pub fn options(&self) -> String {
        let words = self.words.iter().map(|word| format!(" --option {word}"));
        words.fold(format!("--build {} --profile {}", self.kernel.build, self.kernel.profile), |all, word| all + &word)
    }

    /// Boots with `fuzz_NAME` and these arguments; `look` sees each line.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub fn run(&self, name: &str, arguments: Vec<String>, mut look: impl FnMut(&str)) -> Result<Booted> {
        let program = Program { name: name.to_owned(), arguments, file: None };
        let mut guest = Guest::boot(&self.machine(&program)?, Stdio::piped())?;
        let (mut splitter, mut complaints) = (Splitter::default(), Complaints::default());
        let (mut last, mut messages, mut breakpoints) = (VecDeque::new(), String::new(), 0);
        let mut deadline = Instant::now() + self.patience;
        let outcome = loop {
            match guest.next(Some(deadline)) {
                Event::Serial(at, bytes) => {
                    deadline = Instant::now() + self.patience;
                    let mut prompted = false;
                    for line in splitter.push(at, &bytes) {
                        // Another CPU's line may come between the prompt and what is typed.
                        prompted |= line.text.starts_with(PROMPT) && !line.text.ends_with(GO_ON);
                        complaints.look(&line.text);
                        look(&line.text);
                        if last.len() == KEPT {
                            last.pop_front();
                        }
                        last.push_back(line.text);
                    }
                    if prompted || splitter.partial() == PROMPT {
                        // A program with a damaged stack may get anywhere, and so to a breakpoint. But not again and again.
                        breakpoints += 1;
                        if breakpoints > MOST_BREAKPOINTS {
                            break Outcome::Failed;
                        }
                        guest.type_in(&format!("{GO_ON}\n"))?;
                    }
                }
                Event::Message(bytes) => messages.push_str(&String::from_utf8_lossy(&bytes)),
                Event::TimeUp => {
                    messages.push_str(&guest.whereabouts(&self.image.kernel));
                    break Outcome::TimeUp;
                }
                Event::Interrupted => break Outcome::Interrupted,
                Event::Ended if interrupt::seen() => break Outcome::Interrupted,
                Event::Ended => break Ended::from_status(guest.finish()?).outcome(),
            }
        };
        let outcome = if complaints.any() { outcome.worse(Outcome::KernelFault) } else { outcome };
        let tail = last.iter().fold(String::new(), |tail, line| tail + "    " + line + "\n");
        Ok(Booted { outcome, tail: tail + &messages })
    }

    fn machine(&self, program: &Program) -> Result<Machine> {
        let words = ["poweroff", "quiet"].map(str::to_owned).into_iter();
        let words = words.chain(self.words.iter().cloned()).chain([program.word()]).collect();
        let mut modules = programs::modules(std::slice::from_ref(program), &self.image.programs)?;
        modules.push(run::symbol_table(self.image));
        Ok(Machine {
            cpus: self.cpus,
            memory: self.memory,
            accel: Accel::Tcg,
            threads: None,
            gdb: false,
            boot: qemu::Boot::Kernel { image: self.image.boot.clone(), words, modules },
            extra: Vec::new(),
        })
    }
}
