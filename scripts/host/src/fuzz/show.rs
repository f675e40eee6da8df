//! Steps and results, for people.

use abi::{Error, Syscall};
use fuzz::step::{Action, BLOCKED, CHANGED, DIED, FROZE, SKIPPED, Step};

use super::model::Expected;

/// A line for each step, and where the kernel's answer is not the model's, both.
pub fn listing(steps: &[Step], expected: &Expected, answers: &[Option<u32>]) -> String {
    let mut lines = String::new();
    let mut first = true;
    for (i, (&wanted, words)) in expected.results.iter().zip(&expected.words).enumerate() {
        let got = answers.get(i).copied().flatten();
        let differs = got.is_some_and(|got| got != wanted);
        // Of the end, which every episode has, only where it goes wrong for the first time.
        if let Some(step) = steps.get(i) {
            lines += &format!("  {i:3}  {} = {}", step_text(step, words), result(step, wanted));
        } else if differs && first {
            let step = fuzz::plan::tail(i - steps.len());
            lines += &format!("  end  {} = {}", step_text(&step, words), result(&step, wanted));
        } else {
            continue;
        }
        let step = steps.get(i).copied().unwrap_or_else(|| fuzz::plan::tail(i - steps.len()));
        match got {
            Some(got) if got != wanted => {
                lines += &format!("     <== the kernel says {}\n", result(&step, got));
                first = false;
            }
            None if !answers.is_empty() => lines += "     (no answer)\n",
            _ => lines += "\n",
        }
    }
    lines
}

fn step_text(step: &Step, words: &[u32; 5]) -> String {
    let [a, b, c, d, e] = words;
    let actor = step.actor;
    match (step.action, Syscall::try_from(step.call)) {
        (Action::Look, _) => format!("env {actor} looks at its page {a:08x}"),
        (Action::Poke, _) => format!("env {actor} writes {b:x} to its page {a:08x}"),
        (Action::Record, _) => format!("env {actor} looks at the record of {a:08x}"),
        (_, Err(_)) => format!("env {actor}: call {:#x}", step.call),
        (_, Ok(call)) => {
            let arguments = match call {
                Syscall::Cgetc | Syscall::Getenvid | Syscall::Exofork | Syscall::Yield => String::new(),
                Syscall::EnvDestroy | Syscall::IpcRecv => format!("{a:x}"),
                Syscall::Cputs | Syscall::EnvSetStatus | Syscall::EnvSetPgfaultUpcall | Syscall::PageUnmap => {
                    format!("{a:x}, {b:x}")
                }
                Syscall::PageAlloc => format!("{a:x}, {b:x}, {c:x}"),
                Syscall::IpcTrySend => format!("{a:x}, {b:x}, {c:x}, {d:x}"),
                Syscall::PageMap => format!("{a:x}, {b:x}, {c:x}, {d:x}, {e:x}"),
            };
            format!("env {actor}: {}({arguments})", call.name())
        }
    }
}

fn result(step: &Step, result: u32) -> String {
    match result {
        SKIPPED => "(can't)".to_owned(),
        DIED => "(destroyed)".to_owned(),
        BLOCKED => "(blocks)".to_owned(),
        FROZE => "(frozen)".to_owned(),
        CHANGED => "(a register changed)".to_owned(),
        seen if step.action == Action::Look && seen != 0 => {
            let (permissions, references, tag) = (seen & 0xfff, seen >> 12 & 0xff, seen >> 20);
            format!("permissions {permissions:x}, mapped {references} times, tag {tag:x}")
        }
        code if matches!(step.action, Action::Call | Action::Exofork) && code.cast_signed() < 0 => {
            Error::from_code(code.cast_signed()).map_or(format!("{code:x}"), |error| format!("{error:?}"))
        }
        value => format!("{value:x}"),
    }
}
