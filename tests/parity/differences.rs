//! What differs in a case, collected so that one run shows all of it.

/// Differences that a failure prints.
const SHOWN: usize = 10;

pub struct Differences {
    case: String,
    found: Vec<String>,
    /// The largest difference so far, in units of its tolerance.
    worst: f64,
}

impl Differences {
    pub fn new(case: String) -> Self {
        Self { case, found: Vec::new(), worst: 0.0 }
    }

    /// Compares a number with the expected one, to a relative tolerance.
    pub fn compare(&mut self, what: &str, got: f64, expected: f64, tolerance: f64) {
        let scale = expected.abs().max(1e-12);
        let difference = (got - expected).abs() / scale;
        self.worst = self.worst.max(difference / tolerance);
        if difference.is_nan() || difference > tolerance {
            self.add(format!("{what}: expected {expected:e}, got {got:e}"));
        }
    }

    pub fn add(&mut self, difference: String) {
        self.found.push(format!("{}, {difference}", self.case));
    }

    /// Says how close it was, or what the differences are.
    pub fn verdict(self) -> Result<(), String> {
        println!("{}: worst difference {:.1e} of the tolerance", self.case, self.worst);
        if self.found.is_empty() {
            return Ok(());
        }
        let first = self.found[..self.found.len().min(SHOWN)].join("\n");
        Err(format!("{} differences, the first ones:\n{first}", self.found.len()))
    }
}
