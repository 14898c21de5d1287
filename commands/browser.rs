//! Shows a page in the browser.

/// Whether there is something that shows pages; without a display a browser in the terminal would be started.
pub(crate) fn is_there() -> bool {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let signs = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];
    cfg!(target_os = "macos") || signs.iter().any(is_set)
}

/// Opens a page.
///
/// # Errors
/// In one line, when no browser can be started.
pub(crate) fn open(url: &str) -> Result<(), String> {
    if !is_there() {
        return Err("there is no display and no BROWSER to open it with".to_owned());
    }
    open::that_detached(url).map_err(|error| format!("no browser could be started: {error}"))
}
