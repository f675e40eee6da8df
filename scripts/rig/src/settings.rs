//! What the words after `-plugin librig.so,` say.

use std::path::PathBuf;
use std::sync::OnceLock;

/// All numbers are in ticks unless said otherwise.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Chooses among interleavings.
    pub(crate) seed: u64,
    /// How far ahead of the slowest a CPU may run, on average, when nothing orders them.
    pub(crate) quantum: u64,
    /// From the first mark to the opening of the window.
    pub(crate) warmup: u64,
    /// The window's length.
    pub(crate) window: u64,
    /// Nanoseconds of QEMU's clock in a tick.
    pub(crate) nanoseconds: u64,
    /// What it costs to move a line to another CPU; 0 for the machine without caches.
    pub(crate) model: u64,
    /// Whether to note which lines each operation touches.
    pub(crate) footprints: bool,
    /// The host core to stay on.
    pub(crate) core: usize,
    /// The guest's memory in MiB.
    pub(crate) memory: usize,
    /// Where the results go.
    pub(crate) output: PathBuf,
    /// Where the events of a traced kernel go, if it is one.
    pub(crate) trace: Option<PathBuf>,
    /// The address and number of the bytes whose stores are events.
    pub(crate) trace_bytes: u64,
    /// See `trace_bytes`.
    pub(crate) trace_count: u64,
    /// The first of the events that open the window, where no mark does.
    pub(crate) trace_opens: u32,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// The settings. Only after [`set`].
pub(crate) fn get() -> &'static Settings {
    SETTINGS.get().expect("settings are the first thing that is done")
}

/// Reads `NAME=VALUE` words.
pub(crate) fn set(words: &[String]) -> Result<&'static Settings, String> {
    let settings = read(words)?;
    Ok(SETTINGS.get_or_init(|| settings))
}

fn read(words: &[String]) -> Result<Settings, String> {
    let mut settings = Settings {
        seed: 1,
        quantum: 1000,
        warmup: 0,
        window: u64::MAX,
        nanoseconds: 10,
        model: 0,
        footprints: false,
        core: 0,
        memory: 128,
        output: PathBuf::new(),
        trace: None,
        trace_bytes: 0,
        trace_count: 0,
        trace_opens: u32::MAX,
    };
    for word in words {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("{word:?} is not NAME=VALUE"))?;
        let number = || value.parse::<u64>().map_err(|error| format!("{word}: {error}"));
        match name {
            "seed" => settings.seed = number()?,
            "quantum" => settings.quantum = number()?.max(1),
            "warmup" => settings.warmup = number()?,
            "window" => settings.window = number()?,
            "nanoseconds" => settings.nanoseconds = number()?.max(1),
            "model" => settings.model = number()?,
            "footprints" => settings.footprints = number()? != 0,
            "core" => settings.core = number()? as usize,
            "memory" => settings.memory = number()? as usize,
            "trace" => settings.trace = Some(PathBuf::from(value)),
            "trace_bytes" => settings.trace_bytes = number()?,
            "trace_count" => settings.trace_count = number()?,
            "trace_opens" => settings.trace_opens = u32::try_from(number()?).unwrap_or(u32::MAX),
            "output" => settings.output = PathBuf::from(value),
            _ => return Err(format!("there is no setting {name:?}")),
        }
    }
    if settings.output.as_os_str().is_empty() {
        return Err("output=FILE is missing".to_owned());
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn words_are_read() {
        let settings = read(&words("seed=7,quantum=0,output=/tmp/x")).expect("good words");
        assert_eq!((settings.seed, settings.quantum, settings.output), (7, 1, PathBuf::from("/tmp/x")));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["seed=7", "output=x,seed", "output=x,seeed=7", "output=x,seed=-7"] {
            assert!(read(&words(text)).is_err(), "{text}");
        }
    }
}
