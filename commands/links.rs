//! `flowlayer links`: the two names of the original, as links to this program.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::cli::MULTI_CALL;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;

/// Make flowlayer-server and flowlayer-client-tui, the names of the original
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Links to this program: flowlayer-server is flowlayer serve, flowlayer-client-tui is flowlayer tui. For
example: flowlayer links ~/.local/bin")]
pub(crate) struct Args {
    /// Where the links are made, a directory of your PATH; made when missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Makes the links. A link of one of the names is replaced, anything else is left alone.
pub(crate) fn run(args: &Args, _: Colors) -> Result<Exit, Failure> {
    let failed = |what: String, error| Failure::Failed(format!("cannot {what}: {error}"));
    let program = std::env::current_exe()
        .map_err(|error| failed("tell where this program is".to_owned(), error))?;
    let directory = &args.directory;
    std::fs::create_dir_all(directory)
        .map_err(|error| failed(format!("make {}", directory.display()), error))?;
    let links = MULTI_CALL.map(|(name, _)| directory.join(name));
    for link in &links {
        if link
            .symlink_metadata()
            .is_ok_and(|known| !known.is_symlink())
        {
            let error = ErrorKind::AlreadyExists.into();
            return Err(failed(format!("make the link {}", link.display()), error));
        }
    }
    for link in &links {
        // Gone already, or not ours to remove: the link says so.
        let _ = std::fs::remove_file(link);
        symlink(&program, link)
            .map_err(|error| failed(format!("make the link {}", link.display()), error))?;
        let (link, program) = (link.display(), program.display());
        print::stdout(&format!("{link} → {program}\n"));
    }
    Ok(Exit::SUCCESS)
}
