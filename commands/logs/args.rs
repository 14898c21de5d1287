//! The arguments of `flowlayer logs`.

use flowlayer_core::facts::Stream;
use flowlayer_core::logs::Level;

use crate::session::args::SessionArgs;

const NOTES: &str = "\
Without -n: as many of the newest entries as the session's logView allows (500); with --grep, --level,
--since or --after-seq: all matches.
TIME: 2026-04-18T10:30:00Z, 2026-04-18 12:30 (local), or an age: 90s, 5m, 1h30m, 2d.
REGEX is matched against the text without its colours. The level is read from JSON, from a level=
pair, or from a word such as WARN; lines without one are left out by --level. A line over 64 KiB is several entries.
Without a session it reads the files in logs.dir, including those of earlier sessions.

Exit codes: 0 success (also when nothing matches, or the reader of a pipe exits), 1 failure,
2 wrong usage or configuration, 3 no session to talk to and no logs.dir";

/// Show, follow and search the output of services
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = NOTES, group(clap::ArgGroup::new("matching").multiple(true)))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, any of them may be on"
)]
pub(crate) struct Args {
    /// Services to show, or groups as @GROUP; default: all
    #[arg(value_name = "SERVICE")]
    pub(super) services: Vec<String>,
    /// Leave this service out, or a group as @GROUP; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) exclude: Vec<String>,
    #[command(flatten)]
    pub(super) session: SessionArgs,
    /// Only entries of a session on record: a number or an id of flowlayer runs
    #[arg(long, value_name = "RUN", conflicts_with = "follow")]
    pub(super) run: Option<String>,
    /// Continue with new entries, also across restarts of the server
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Show at most this many of the newest entries, or `all`
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    pub(super) limit: Option<Limit>,
    /// Only entries at or after this time
    #[arg(long, value_name = "TIME", value_parser = super::time::parse, allow_hyphen_values = true)]
    pub(super) since: Option<jiff::Timestamp>,
    /// Only entries at or before this time
    #[arg(long, value_name = "TIME", value_parser = super::time::parse, allow_hyphen_values = true, conflicts_with = "follow")]
    pub(super) until: Option<jiff::Timestamp>,
    /// Only entries above this number, including earlier sessions
    #[arg(long, value_name = "SEQ", allow_negative_numbers = true)]
    pub(super) after_seq: Option<u64>,
    /// Only entries below this number, including earlier sessions
    #[arg(long, value_name = "SEQ", value_parser = upper_bound, allow_negative_numbers = true, conflicts_with = "follow")]
    pub(super) before_seq: Option<u64>,
    /// Only stdout, or only stderr
    #[arg(long, value_name = "STREAM", value_parser = stream)]
    pub(super) stream: Option<Stream>,
    /// Only lines that match this regular expression
    #[arg(short, long, value_name = "REGEX", group = "matching")]
    pub(super) grep: Option<String>,
    /// Ignore case in --grep
    #[arg(short, long, requires = "grep")]
    pub(super) ignore_case: bool,
    /// Only lines that do not match
    #[arg(short = 'v', long, requires = "grep")]
    pub(super) invert_match: bool,
    /// Only lines of this level or above: trace, debug, info, warn or error
    #[arg(long, value_name = "LEVEL", group = "matching")]
    pub(super) level: Option<Level>,
    /// Also show this many entries after each match
    #[arg(short = 'A', long, value_name = "N", requires = "matching")]
    pub(super) after_context: Option<usize>,
    /// Also show this many entries before each match
    #[arg(short = 'B', long, value_name = "N", requires = "matching")]
    pub(super) before_context: Option<usize>,
    /// Also show this many entries around each match
    #[arg(short = 'C', long, value_name = "N", requires = "matching")]
    pub(super) context: Option<usize>,
    /// Print each entry as one line of JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Prefix each line with its time
    #[arg(long)]
    pub(super) timestamps: bool,
    /// Omit the names of services
    #[arg(long)]
    pub(super) no_prefix: bool,
}

/// How many matches are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// All entries.
    All,
    /// This many of the newest.
    Newest(usize),
}

impl std::str::FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        text.parse()
            .map(Self::Newest)
            .map_err(|_| "it is neither a number nor \"all\"".to_owned())
    }
}

/// A number that there can be entries below.
fn upper_bound(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("entries are numbered from 1: nothing is below it".to_owned()),
        Ok(seq) => Ok(seq),
        Err(_) => Err("it is not the number of an entry".to_owned()),
    }
}

fn stream(text: &str) -> Result<Stream, String> {
    match text {
        "stdout" => Ok(Stream::Stdout),
        "stderr" => Ok(Stream::Stderr),
        _ => Err("it is neither stdout nor stderr".to_owned()),
    }
}
