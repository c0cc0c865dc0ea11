//! AWS's shared files: the link of its standard chain that `object_store` lacks. Environment, web identity, container and
//! instance roles are its own.
use std::{collections::BTreeMap, env, fs, path::PathBuf};

/// What a profile of `~/.aws/credentials` and `~/.aws/config` says. Not `Debug`: it holds secrets.
#[derive(Default)]
pub struct Profile {
    pub name: String,
    /// By which of its settings it gets credentials in a way that is not supported; those that it holds are not meant then.
    pub elsewhere: Option<&'static str>,
    pub key: Option<(String, String)>,
    pub token: Option<String>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
}

/// The profile that `AWS_PROFILE` names, or the default one; empty where there are no such files.
pub fn profile() -> Profile {
    let name = env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned());
    let home = env::var("HOME").unwrap_or_default();
    let file = |variable: &str, standard: &str| env::var(variable).map_or_else(|_| PathBuf::from(&home).join(standard), PathBuf::from);
    let credentials = section(&fs::read_to_string(file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")).unwrap_or_default(), &name);
    let heading = if name == "default" { name.clone() } else { format!("profile {name}") };
    let config = section(&fs::read_to_string(file("AWS_CONFIG_FILE", ".aws/config")).unwrap_or_default(), &heading);
    let said = |name: &str| credentials.get(name).or_else(|| config.get(name)).cloned();
    let key = said("aws_access_key_id").zip(said("aws_secret_access_key"));
    let instead: &[&str] = if key.is_some() { &["role_arn"] } else { &["role_arn", "sso_session", "sso_start_url", "credential_process"] };
    let elsewhere = instead.iter().copied().find(|setting| said(setting).is_some());
    Profile {
        name,
        elsewhere,
        key: key.filter(|_| elsewhere.is_none()),
        token: said("aws_session_token"),
        region: said("region"),
        endpoint: said("endpoint_url"),
    }
}

/// `name = value` lines below `[heading]`.
fn section(text: &str, heading: &str) -> BTreeMap<String, String> {
    let mut inside = false;
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = title.trim() == heading;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside && !line.starts_with(['#', ';'])) {
            found.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections() {
        let text = "[default]\naws_access_key_id = a\n# region = no\n[profile x]\nregion=eu\n";
        assert_eq!(section(text, "default").into_iter().collect::<Vec<_>>(), [("aws_access_key_id".to_owned(), "a".to_owned())]);
        assert_eq!(section(text, "profile x")["region"], "eu");
        assert!(section(text, "y").is_empty());
    }
}
