//! From class probabilities to an answer: what training evaluates, the model gives and the watcher says is one rule.

/// The most probable class (the first of equals) and its probability; `(0, 0)` of nothing.
pub fn top(probabilities: &[f64]) -> (usize, f64) {
    probabilities.iter().enumerate().fold((0, 0.0), |best, (class, p)| if *p > best.1 { (class, *p) } else { best })
}

/// The mean of class probabilities over the windows seen so far.
#[derive(Debug, Clone, Default)]
pub struct Ballot {
    sum: Vec<f64>,
    votes: usize,
}

impl Ballot {
    /// Adds the probabilities of one more window; those of a model with other classes begin anew.
    pub fn add(&mut self, probabilities: &[f64]) {
        if self.sum.len() != probabilities.len() {
            *self = Self { sum: vec![0.0; probabilities.len()], votes: 0 };
        }
        for (sum, p) in self.sum.iter_mut().zip(probabilities) {
            *sum += p;
        }
        self.votes += 1;
    }

    /// The most probable class (the first of equals) and its mean probability; `None` before the first window.
    pub fn top(&self) -> Option<(usize, f64)> {
        let (class, sum) = top(&self.sum);
        (self.votes > 0).then(|| (class, sum / self.votes as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::Ballot;

    #[test]
    fn the_mean_of_the_windows_decides() {
        let mut ballot = Ballot::default();
        assert_eq!(ballot.top(), None);
        ballot.add(&[0.6, 0.4]);
        ballot.add(&[0.1, 0.9]);
        // (0.4 + 0.9) / 2
        let (class, confidence) = ballot.top().unwrap();
        assert_eq!(class, 1);
        assert!((confidence - 0.65).abs() < 1e-12);
    }

    #[test]
    fn of_equals_the_first_class_is_said() {
        let mut ballot = Ballot::default();
        ballot.add(&[0.5, 0.5]);
        assert_eq!(ballot.top().unwrap().0, 0);
    }
}
