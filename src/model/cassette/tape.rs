//! The files of a cassette.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::super::Completion;
use crate::{ident::TrialId, transcript::Role};

/// The file that says what a folder is.
const LABEL: &str = "cassette.json";
/// The format of cassettes that this program writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// How a completion is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) session: u32,
    pub(super) role: Role,
    pub(super) request: String,
    pub(super) times: u32,
}

/// A completion on a cassette.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(flatten)]
    pub(super) key: Key,
    pub(super) model: String,
    pub(super) last_words: String,
    pub(super) completion: Completion,
}

#[derive(Debug, Serialize, Deserialize)]
struct Label {
    dreamtrial_cassette: u32,
}

/// Why a cassette cannot be used.
#[derive(Debug, Error)]
pub enum TapeError {
    /// A file or folder cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The folder is no cassette.
    #[error("`{}` is no cassette", .0.display())]
    NotACassette(PathBuf),
    /// The cassette is of a format that this program does not know.
    #[error("cassette `{}` has format {found}, and this program reads format {FORMAT}", path.display())]
    OtherFormat {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// There is a cassette where a new one should be made.
    #[error("`{}` has a cassette already", .0.display())]
    Exists(PathBuf),
    /// A completion cannot be written as JSON.
    #[error("a completion cannot be written: {0}")]
    Content(serde_json::Error),
}

type Completions = BTreeMap<Key, Completion>;

/// A folder of completions.
#[derive(Debug)]
pub struct Tape {
    folder: PathBuf,
    read: Mutex<BTreeMap<TrialId, Completions>>,
    write: Mutex<()>,
}

impl Tape {
    /// Makes a cassette in a folder that has none, or goes on with the one that is there.
    pub fn create(folder: &Path, go_on: bool) -> Result<Self, TapeError> {
        let label = folder.join(LABEL);
        if label.exists() {
            let tape = Self::open(folder)?;
            return if go_on {
                Ok(tape)
            } else {
                Err(TapeError::Exists(folder.to_owned()))
            };
        }
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let text = serde_json::to_string(&Label {
            dreamtrial_cassette: FORMAT,
        })
        .map_err(TapeError::Content)?;
        fs::write(&label, text + "\n").map_err(failed(&label))?;
        Ok(Self::at(folder))
    }

    /// Opens the cassette in a folder.
    pub fn open(folder: &Path) -> Result<Self, TapeError> {
        let label = folder.join(LABEL);
        let text = fs::read_to_string(&label).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                TapeError::NotACassette(folder.to_owned())
            } else {
                failed(&label)(source)
            }
        })?;
        let label: Label =
            serde_json::from_str(&text).map_err(|_| TapeError::NotACassette(folder.to_owned()))?;
        if label.dreamtrial_cassette == FORMAT {
            Ok(Self::at(folder))
        } else {
            Err(TapeError::OtherFormat {
                path: folder.to_owned(),
                found: label.dreamtrial_cassette,
            })
        }
    }

    fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            read: Mutex::default(),
            write: Mutex::default(),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `legal/retention/dreamed-1.jsonl`.
    fn file(&self, trial: &TrialId) -> PathBuf {
        self.folder
            .join(trial.scenario.as_str())
            .join(format!("{}-{}.jsonl", trial.arm, trial.repetition))
    }

    /// Adds a completion. It is on its way to the disk when this returns, so that it survives the end of
    /// this process.
    pub(super) fn keep(&self, trial: &TrialId, line: &Line) -> Result<(), TapeError> {
        let path = self.file(trial);
        let mut text = serde_json::to_string(line).map_err(TapeError::Content)?;
        text.push('\n');
        let _one = self.write.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&path)
            .map_err(failed(&path))?;
        if torn(&mut file).map_err(failed(&path))? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes()).map_err(failed(&path))
    }

    /// Takes a completion off the cassette.
    pub(super) fn find(&self, trial: &TrialId, key: &Key) -> Result<Option<Completion>, TapeError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if !read.contains_key(trial) {
            read.insert(trial.clone(), load(&self.file(trial))?);
        }
        Ok(read
            .get_mut(trial)
            .and_then(|completions| completions.remove(key)))
    }
}

/// Whether the last line was cut off when the program was killed.
fn torn(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last[0] != b'\n')
}

/// The completions of a file. Of a session that was begun again, what was said last holds; a line that
/// was cut off is left out, and the call that it was of is missing.
fn load(path: &Path) -> Result<Completions, TapeError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(path)(error)),
    };
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .map(|line| (line.key, line.completion))
        .collect())
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> TapeError {
    let path = path.to_owned();
    move |source| TapeError::File {
        path: path.clone(),
        source,
    }
}
