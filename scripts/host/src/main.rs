//! The `jos` program: reads the command line and hands over to the sub-command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use jos::outcome::Outcome;
use jos::{
    bench, build, check, conflicts, crosscheck, doc, fuzz, interrupt, iso, lockgraph, mutants, price, run, stress,
    test, trace,
};

/// Builds, boots, tests, stresses and measures the JOS kernel.
///
/// Exit status: 0 all is well; 1 wrong arguments, a missing tool, a failed test or check; 2 the kernel panicked,
/// reported a wrong lock order or leaked; 3 the time limit was reached; 4 the kernel noticed that CPUs wait for ever;
/// 130 Ctrl-C.
#[derive(Parser)]
#[command(name = "jos", bin_name = "scripts/jos", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Options),
    Test(test::Options),
    Stress(stress::Options),
    Mutants(mutants::Options),
    Fuzz(fuzz::Options),
    Bench(bench::Options),
    Trace(trace::Options),
    Conflicts(conflicts::Options),
    Crosscheck(crosscheck::Options),
    Lockgraph(lockgraph::Options),
    Price(price::Options),
    Iso(iso::Options),
    Build(build::Options),
    Check(check::Options),
    Doc(doc::Options),
}

fn dispatch(command: &Command) -> Result<Outcome> {
    match command {
        Command::Run(options) => run::run(options),
        Command::Test(options) => test::test(options),
        Command::Stress(options) => stress::stress(options),
        Command::Mutants(options) => mutants::mutants(options),
        Command::Fuzz(options) => fuzz::fuzz(options),
        Command::Bench(options) => bench::bench(options),
        Command::Trace(options) => trace::trace(options),
        Command::Conflicts(options) => conflicts::conflicts(options),
        Command::Crosscheck(options) => crosscheck::crosscheck(options),
        Command::Lockgraph(options) => lockgraph::lockgraph(options),
        Command::Price(options) => price::price(options),
        Command::Iso(options) => iso::iso(options),
        Command::Build(options) => build::build(options),
        Command::Check(options) => check::check(options),
        Command::Doc(options) => doc::doc(options),
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            // Not clap's own status for a wrong command line, which is 2: here that is a kernel's panic.
            let _ = message.print();
            return if message.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match interrupt::listen().and_then(|()| dispatch(&arguments.command)) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("scripts/jos: {error:#}");
            ExitCode::FAILURE
        }
    }
}
