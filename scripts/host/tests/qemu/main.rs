//! The tests that boot the kernel in QEMU, one case a run.
//!
//! `case` says what a test is; one file for each group holds the tests as data; `matrix` says which of them run on
//! which kernel with how many CPUs; `expect` boots one and compares. Names look like
//! `fine_debug::grade_lab4::primes_cpus4`; arguments are those of any Rust test program.

mod audit;
mod budget;
mod case;
mod checker;
mod driven;
mod expect;
mod foreign;
mod fuzz;
mod grade_lab3;
mod grade_lab4;
mod inject;
mod kernels;
mod matrix;
mod own;
mod races;
mod remains;
mod rig;
mod scale;
mod special;
mod storms;
mod trace;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::kernels::Kernels;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each case is a QEMU with several threads of its own: as many at once as the host has cores.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(cores.clamp(1, 8));
    if let Err(error) = jos::interrupt::listen() {
        eprintln!("{error:#}");
        return ExitCode::FAILURE;
    }
    let plan: Vec<_> = matrix::plan().into_iter().filter(|planned| wanted(&planned.name(), &arguments)).collect();
    let kernels = if arguments.list { Ok(Kernels::default()) } else { Kernels::build(&plan) };
    let kernels: &'static Kernels = match kernels {
        Ok(kernels) => Box::leak(Box::new(kernels)),
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    let no_cd = !jos::iso::possible();
    if no_cd {
        eprintln!(
            "grub-mkrescue or xorriso is missing: tests of the CD image are ignored (scripts/setup iso installs them)"
        );
    }
    let trial = |planned: matrix::Planned| {
        let ignored = planned.from_cd && no_cd;
        Trial::test(planned.name(), move || Ok(expect::check(&planned, kernels)?)).with_ignored_flag(ignored)
    };
    let special = rig::trials()
        .into_iter()
        .chain(trace::trials())
        .chain(fuzz::trials())
        .chain(budget::trials())
        .chain(remains::trials())
        .chain(driven::trials());
    let checker = wanted(checker::NAME, &arguments).then(|| Trial::test(checker::NAME, || Ok(checker::check()?)));
    let trials = plan.into_iter().map(trial).chain(special).chain(checker).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if jos::interrupt::seen() {
        return ExitCode::from(130);
    }
    conclusion.exit_code()
}

/// Whether a case will run: kernels that no case needs are not built.
fn wanted(name: &str, arguments: &Arguments) -> bool {
    let fits = |filter: &String| {
        if arguments.exact { name == filter } else { name.contains(filter.as_str()) }
    };
    arguments.filter.as_ref().is_none_or(fits) && !arguments.skip.iter().any(fits)
}
