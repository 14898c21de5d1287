//! Names of users, for processes that may not be signalled.

/// The name of a user, if `/etc/passwd` has one.
pub(crate) fn user_name(user: u32) -> Option<String> {
    // Not through libc, whose lookup may wait for a network.
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&users, user)
}

/// The name of a user in the text of an `/etc/passwd`.
fn name_in(users: &str, user: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == user).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\n:x:7:\npostgres:x:70:70::/:/bin/sh\n";
        assert_eq!(name_in(users, 70).as_deref(), Some("postgres"));
        assert_eq!(name_in(users, 7), None);
        assert_eq!(name_in(users, 71), None);
    }
}
