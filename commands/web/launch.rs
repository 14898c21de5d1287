//! Opening the browser without putting the code into anybody's process list: what is opened is a
//! file of mode 0600 that leads to the address.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use flowlayer_core::facts::shown_path;
use flowlayer_core::session::registry;

/// The file. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Redirect(PathBuf);

impl Drop for Redirect {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens the address in the user's browser, or says why not.
pub(super) fn browser(address: &str, port: u16) -> Result<Redirect, String> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // Without a display, `xdg-open` takes a browser for terminals, which would get this one.
    if cfg!(target_os = "linux")
        && !["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(is_set)
    {
        return Err("no display".to_owned());
    }
    let redirect = write(address, port)?;
    open::that_detached(&redirect.0).map_err(|error| error.to_string())?;
    Ok(redirect)
}

fn write(address: &str, port: u16) -> Result<Redirect, String> {
    let directory = registry::directory().map_err(|error| error.to_string())?;
    let path = directory.join(format!("web-{port}.html"));
    let page =
        format!("<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={address}\">\n");
    // One that a killed bridge has left.
    let _ = fs::remove_file(&path);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(page.as_bytes()));
    let redirect = Redirect(path);
    match written {
        Ok(()) => Ok(redirect),
        Err(error) => Err(format!("cannot write {}: {error}", shown_path(&redirect.0))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_user_can_read_the_file_and_it_goes_with_the_bridge() {
        let redirect = write("http://127.0.0.1:1/#code=fl_secret", 1).unwrap();
        let path = redirect.0.clone();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            fs::read_to_string(&path)
                .unwrap()
                .contains("#code=fl_secret")
        );
        drop(redirect);
        assert!(!path.exists());
    }
}
