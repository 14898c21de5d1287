//! `flowlayer links`: the two names of the original, as links to this program.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use flowlayer_core::facts::shown_path;

use crate::cli::MULTI_CALL;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;

/// Create flowlayer-server and flowlayer-client-tui, the names of the original
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Links to this program: flowlayer-server is flowlayer serve, flowlayer-client-tui is flowlayer tui. For
example: flowlayer links ~/.local/bin")]
pub(crate) struct Args {
    /// Directory for the links, usually one in your PATH; created when missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Creates the links. Replaces links of these names, and nothing else.
pub(crate) fn run(args: &Args, _: Colors) -> Result<Exit, Failure> {
    let failed = |what: String, error| Failure::Failed(format!("cannot {what}: {error}"));
    let program = std::env::current_exe()
        .map_err(|error| failed("find the path of this program".to_owned(), error))?;
    let directory = &args.directory;
    std::fs::create_dir_all(directory)
        .map_err(|error| failed(format!("make {}", shown_path(directory)), error))?;
    let links = MULTI_CALL.map(|(name, _)| directory.join(name));
    for link in &links {
        if link
            .symlink_metadata()
            .is_ok_and(|known| !known.is_symlink())
        {
            let error = ErrorKind::AlreadyExists.into();
            return Err(failed(format!("make the link {}", shown_path(link)), error));
        }
    }
    for link in &links {
        // If it cannot be removed, creating the link fails.
        let _ = std::fs::remove_file(link);
        symlink(&program, link)
            .map_err(|error| failed(format!("make the link {}", shown_path(link)), error))?;
        let (link, program) = (shown_path(link), shown_path(&program));
        print::stdout(&format!("{link} → {program}\n"));
    }
    Ok(Exit::SUCCESS)
}
