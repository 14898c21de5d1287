//! `flowlayer serve`: a session in the foreground, or with `--detach` in the background.

mod detach;

use std::path::Path;

use crate::cli::ServeArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::server::api::Asked;
use crate::terminal::color::Colors;
use crate::{config_file, server};

/// Runs the session, or starts it in the background.
pub(crate) fn run(args: ServeArgs, colors: Colors) -> Result<Exit, Failure> {
    if args.detach {
        return detach::run(args, colors);
    }
    if args.timeout.timeout.is_some() {
        return Err(Failure::Usage(
            "--timeout goes with --detach: in the foreground there is nobody who waits".to_owned(),
        ));
    }
    let path = config_file::config(&args.config, Path::new("."))?;
    let asked = Asked::read(&args)?;
    server::run(args, asked, &path, colors, None)
}
