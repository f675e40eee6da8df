//! The table in the terminal: a row for each workload and number of CPUs.

use super::clock::Clock;
use super::figure::{Cell, real};
use crate::rig::CpuTime;

/// The head of the table.
pub(super) fn heading(clock: Clock) -> String {
    let unit = clock.short_unit();
    let mut text = format!(
        "{:<9}{:>5}{:>17}{:>17}{:>10}",
        "workload",
        "cpus",
        format!("fine, {unit}"),
        format!("big, {unit}"),
        "fine/big"
    );
    if clock == Clock::Rig {
        text = format!("{:48}{:^24}{:^24}\n{text}", "", "fine: % of CPU time", "big: % of CPU time");
        for _ in 0..2 {
            text += "   user kern spin idle  ";
        }
    }
    text
}

/// One row; what failed is said at its end.
pub(super) fn row(pair: &[Cell; 2]) -> String {
    let [fine, big] = pair;
    let ratio = fine.throughput().zip(big.throughput()).map_or("-".to_owned(), |(a, b)| format!("{:.2}", a / b));
    let mut text = format!(
        "{:<9}{:>5}{:>17}{:>17}{:>10}",
        fine.workload.name,
        fine.cpus,
        rate(fine.throughput()),
        rate(big.throughput()),
        ratio
    );
    for cell in pair {
        if let Some(detail) = cell.detail() {
            let shares = shares(&detail.time).map(|share| format!("{:>5.0}", share * 100.0));
            text += &format!("  {}  ", shares.concat());
        }
    }
    let model = pair.each_ref().map(|cell| cell.detail().and_then(|detail| detail.modelled));
    if let [Some(fine), Some(big)] = model {
        text += &format!("  with a model of caches: {} / {}", rate(Some(fine)), rate(Some(big)));
    }
    let mut text = text.trim_end().to_owned();
    for cell in pair {
        if let Err(why) = &cell.result {
            text += &format!("   {}: {why}", cell.build);
        }
    }
    text
}

/// A throughput with as many digits as it is worth.
pub(super) fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "failed".to_owned(),
        Some(rate) if rate >= 1000.0 => format!("{rate:.0}"),
        Some(rate) if rate >= 10.0 => format!("{rate:.1}"),
        Some(rate) => format!("{rate:.2}"),
    }
}

/// The parts of a CPU's time, of 1: user, kernel, spin, idle.
pub(super) fn shares(time: &CpuTime) -> [f64; 4] {
    let all = real(time.user + time.kernel + time.spin + time.idle).max(1.0);
    [time.user, time.kernel, time.spin, time.idle].map(|part| real(part) / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixture;
    use crate::kernel_build::Build;

    #[test]
    fn a_failed_measurement_is_marked() {
        let fine = fixture::cell(Build::Fine, "null", 2, 500, 0);
        let mut big = fixture::cell(Build::Big, "null", 2, 400, 0);
        assert!(row(&[fine.clone(), big.clone()]).contains("1.25"));
        big.result = Err("no end".to_owned());
        let text = row(&[fine, big]);
        assert!(text.contains("failed") && text.ends_with("big: no end"), "{text}");
    }

    #[test]
    fn shares_add_up() {
        let time = CpuTime { user: 1, kernel: 1, spin: 2, idle: 0 };
        assert_eq!(shares(&time), [0.25, 0.25, 0.5, 0.0]);
        assert_eq!(shares(&CpuTime::default()), [0.0; 4]);
    }
}
