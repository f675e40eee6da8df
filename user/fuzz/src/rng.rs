//! Pseudo-random numbers: the same seed gives the same numbers.
//!
//! Xorshift after G. Marsaglia, "Xorshift RNGs" (2003).

/// A generator.
#[derive(Clone, Copy, Debug)]
pub struct Rng(u32);

impl Rng {
    /// A generator for this seed; every seed will do.
    pub fn new(seed: u32) -> Rng {
        // Xorshift's one bad state is 0. The multiplication tells neighbouring seeds apart.
        Rng((seed ^ 0x9e37_79b9).wrapping_mul(0x85eb_ca6b) | 1)
    }

    /// The next number.
    pub fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        (self.word() >> 3) % limit
    }
}
