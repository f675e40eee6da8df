//! Which cases run on which kernel, with how many CPUs.
//!
//! Everything on everything would take hours. The fine-grained kernel with its checks and the optimised big-lock
//! kernel get all of it: they differ in both respects, so a fault of either kind shows in one of them. The other
//! two get a cross-section.
//!
//! | group        | fine debug              | big release             | fine release | big debug |
//! |--------------|-------------------------|-------------------------|--------------|-----------|
//! | `grade_lab4` | as graded               | as graded               | as graded    | as graded |
//! | `grade_lab3` | as graded               | as graded               | as graded    | as graded |
//! | `programs`   | 1, 4, 8, 64 / 4         | 1, 4, 8, 64 / 4         | 4, 64 / -    | 4, 64 / - |
//! | `own`        | 1, 4, 8                 | 1, 4                    | 4            | 4         |
//! | `foreign`    | 1, 4                    | 4                       | -            | -         |
//! | `scale`      | 1, 2, 3, 8, 64, 128, 255 | 64, 255                | 255          | 255       |
//! | `special`    | as written              | as written              | -            | -         |
//! | `audit`      | as written              | -                       | -            | as written |
//! | `inject`     | as written              | -                       | -            | as written |
//! | `races`      | as written              | -                       | -            | -         |
//! | `storms`     | as written              | those without options   | -            | those that are survived |
//! | `driven`     | as written              | as written              | -            | -         |
//!
//! `programs` are the graders' programs without what depends on the order in which one CPU hands out ids, run
//! to the kernel's final audit. Where two lists stand, the first is for programs that do more at once on more
//! CPUs and the second for all others.

use jos::kernel_build::Build::{Big, Fine};
use jos::kernel_build::Profile::{Debug, Release};
use jos::kernel_build::{Build, Profile};

use crate::case::{Case, Until};
use crate::{audit, foreign, grade_lab3, grade_lab4, inject, own, races, scale, special, storms};

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// The kernel to boot.
    pub(crate) kernel: (Build, Profile),
    /// The group of the case.
    pub(crate) group: &'static str,
    /// The case, with the number of CPUs to use.
    pub(crate) case: Case,
    /// Whether the graders' exact ids count.
    pub(crate) exact: bool,
    /// Whether to boot from a CD image.
    pub(crate) from_cd: bool,
}

impl Planned {
    /// Its name as a test.
    pub(crate) fn name(&self) -> String {
        let ((build, profile), case) = (self.kernel, &self.case);
        format!("{build}_{profile}::{}::{}_cpus{}", self.group, case.name, case.cpus)
    }
}

/// What one kernel gets.
struct Row {
    kernel: (Build, Profile),
    /// CPUs for `programs` that scale, and for the others.
    programs: (&'static [u16], &'static [u16]),
    own: &'static [u16],
    foreign: &'static [u16],
    scale: &'static [u16],
    special: bool,
    /// Whether windows can be driven: they need checks, and locks of which several can be held.
    races: bool,
}

const MATRIX: [Row; 4] = [
    Row {
        kernel: (Fine, Debug),
        programs: (&[1, 4, 8, 64], &[4]),
        own: &[1, 4, 8],
        foreign: &[1, 4],
        scale: &[1, 2, 3, 8, 64, 128, 255],
        special: true,
        races: true,
    },
    Row {
        kernel: (Big, Release),
        programs: (&[1, 4, 8, 64], &[4]),
        own: &[1, 4],
        foreign: &[4],
        scale: &[64, 255],
        special: true,
        races: false,
    },
    Row {
        kernel: (Fine, Release),
        programs: (&[4, 64], &[]),
        own: &[4],
        foreign: &[],
        scale: &[255],
        special: false,
        races: false,
    },
    Row {
        kernel: (Big, Debug),
        programs: (&[4, 64], &[]),
        own: &[4],
        foreign: &[],
        scale: &[255],
        special: false,
        races: false,
    },
];

/// All runs, in the order in which they start.
pub(crate) fn plan() -> Vec<Planned> {
    MATRIX.iter().flat_map(row).collect()
}

fn row(row: &Row) -> Vec<Planned> {
    let planned = |group, case, exact| Planned { kernel: row.kernel, group, case, exact, from_cd: false };
    let mut plan = Vec::new();
    for (group, cases) in [("grade_lab4", grade_lab4::CASES), ("grade_lab3", grade_lab3::CASES)] {
        plan.extend(cases.iter().map(|case| planned(group, *case, true)));
    }
    let mut names = Vec::new();
    for case in grade_lab4::CASES.iter().chain(grade_lab3::CASES).filter(|case| case.until != Until::Line("K> ")) {
        // Both graders have some programs; once is enough.
        if !names.contains(&case.name) {
            names.push(case.name);
            let counts = if case.scales { row.programs.0 } else { row.programs.1 };
            plan.extend(counts.iter().map(|&cpus| planned("programs", case.relaxed(cpus), false)));
        }
    }
    for case in own::CASES {
        plan.extend(row.own.iter().map(|&cpus| planned("own", case.relaxed(cpus), false)));
    }
    for case in foreign::CASES {
        plan.extend(row.foreign.iter().map(|&cpus| planned("foreign", case.relaxed(cpus), false)));
    }
    for case in scale::CASES {
        plan.extend(row.scale.iter().map(|&cpus| planned("scale", case.relaxed(cpus), false)));
    }
    if row.kernel.1 == Debug {
        plan.extend(audit::CASES.iter().map(|case| planned("audit", *case, false)));
        plan.extend(inject::CASES.iter().map(|case| planned("inject", *case, false)));
        plan.extend(storms::SURVIVED.iter().map(|case| planned("storms", *case, false)));
    }
    if row.races {
        plan.extend(races::cases().map(|case| planned("races", *case, false)));
        plan.extend(storms::CASES.iter().map(|case| planned("storms", *case, false)));
    }
    if row.special {
        plan.extend(special::CASES.iter().map(|case| planned("special", *case, false)));
        plan.extend(storms::PLAIN.iter().map(|case| planned("storms", *case, false)));
        plan.extend(special::FROM_CD.iter().map(|case| Planned { from_cd: true, ..planned("special", *case, false) }));
    }
    plan
}
