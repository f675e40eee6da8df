//! Progress that people see: a moving line on a terminal, a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is printed where no terminal is.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// One piece of long work.
pub struct Progress {
    bar: Option<ProgressBar>,
    last: Instant,
    started: Instant,
    /// What is done and what there is to do, in some unit, if that is known.
    part: Option<(u64, u64)>,
}

impl Progress {
    /// Starts to show work of unknown length.
    pub fn new() -> Self {
        Self::shown("{spinner} [{elapsed}] {msg}", None)
    }

    /// Starts to show work that is done when `all` (of any unit) is done.
    pub fn of(all: u64) -> Self {
        Self::shown("[{elapsed}] [{bar:30}] {percent} %, {eta} left: {msg}", Some(all))
    }

    fn shown(template: &str, all: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = all.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let now = Instant::now();
        Self { bar, last: now, started: now, part: all.map(|all| (0, all)) }
    }

    /// So much more is done.
    pub fn advance(&mut self, more: u64) {
        if let Some((done, _)) = &mut self.part {
            *done += more;
        }
        if let Some(bar) = &self.bar {
            bar.inc(more);
        }
    }

    /// Shows nothing, for work that is part of other work.
    pub fn silent() -> Self {
        let now = Instant::now();
        Self { bar: Some(ProgressBar::hidden()), last: now, started: now, part: None }
    }

    /// What is being done now.
    pub fn say(&mut self, message: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(message.to_owned()),
            None if self.last.elapsed() >= PLAIN_EVERY => {
                self.last = Instant::now();
                eprintln!("{}{message}", self.left());
            }
            None => {}
        }
    }

    /// How much is done and how long the rest will take, if that can be said.
    fn left(&self) -> String {
        match self.part {
            // The first few say little about the rest.
            Some((done, all)) if done * 20 > all => {
                let seconds = self.started.elapsed().as_secs() * all.saturating_sub(done) / done;
                format!("{} %, about {seconds} s left: ", done * 100 / all)
            }
            _ => String::new(),
        }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{text}")),
            None => println!("{text}"),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
