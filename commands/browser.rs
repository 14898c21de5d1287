//! Shows a page in the browser.

/// Whether there is something that shows pages; without a display a browser in the terminal would be started.
pub(crate) fn is_there() -> bool {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let signs = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];
    cfg!(target_os = "macos") || signs.iter().any(is_set)
}

/// Opens the page at a url as the session shows it. Of credentials, which are masked there, the browser asks.
///
/// # Errors
/// In one line, when no browser can be started, or the url has the reference to a variable in it.
pub(crate) fn open(url: &str) -> Result<(), String> {
    if !is_there() {
        return Err("there is no display and no BROWSER to open it with".to_owned());
    }
    if url.contains("${env.") {
        let why = "cannot open a url with ${env.…} in it: what variables hold, only the services get; fill it in by \
                   hand, or give the service a `url` without them";
        return Err(why.to_owned());
    }
    let url = url.replacen("://***@", "://", 1);
    open::that_detached(url).map_err(|error| format!("no browser could be started: {error}"))
}
