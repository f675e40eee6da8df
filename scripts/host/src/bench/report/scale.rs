//! Logarithmic scales: numbers of CPUs along x, throughput along y.

/// A logarithmic scale from values to pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    values: (f64, f64),
    pixels: (f64, f64),
}

impl Scale {
    /// `values` must be positive. If both are equal, everything is in the middle.
    pub(super) fn new(values: (f64, f64), pixels: (f64, f64)) -> Self {
        Self { values, pixels }
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        let (low, high) = (self.values.0.ln(), self.values.1.ln());
        let part = if high > low { (value.max(f64::MIN_POSITIVE).ln() - low) / (high - low) } else { 0.5 };
        self.pixels.0 + part * (self.pixels.1 - self.pixels.0)
    }
}

/// Round values between two, about five of them: 1, 2, 5 and so on with powers of ten, or the powers alone.
pub(super) fn marks(low: f64, high: f64) -> Vec<f64> {
    let powers = || (low.log10().floor() as i32..=high.log10().ceil() as i32).map(|power| 10f64.powi(power));
    let inside = |value: &f64| (low..=high).contains(value);
    let fine: Vec<_> = powers().flat_map(|power| [power, 2.0 * power, 5.0 * power]).filter(inside).collect();
    if fine.len() <= 7 { fine } else { powers().filter(inside).collect() }
}

/// A round value below or above: limits of a scale.
pub(super) fn round_out(low: f64, high: f64) -> (f64, f64) {
    (low / 1.25, high * 1.25)
}

/// A value of a mark, short: 200, 5k, 2M.
pub(super) fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e4 => format!("{}k", value / 1e3),
        value if value >= 1.0 => format!("{value:.0}"),
        value => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_few_and_round() {
        assert_eq!(marks(0.9, 11.0), [1.0, 2.0, 5.0, 10.0]);
        assert_eq!(marks(1.0, 1e5), [1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0]);
    }

    #[test]
    fn a_scale_maps_its_ends_to_its_ends() {
        let scale = Scale::new((1.0, 64.0), (10.0, 70.0));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(scale.at(1.0), 10.0) && near(scale.at(64.0), 70.0) && near(scale.at(8.0), 40.0));
        assert!(near(Scale::new((4.0, 4.0), (0.0, 10.0)).at(4.0), 5.0));
    }
}
