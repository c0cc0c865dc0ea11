//! What it means when a store refuses, in our words.
use std::env;

use object_store::Error;
use serde_json::json;

use super::location::Scheme;
use crate::errors::ConnectorError;

/// What an object store's error means, in our words: never the client's text, which holds URLs.
///
/// LS2001 no such bucket or object, LS2020 who we are or what we may, LS2021 nobody answers.
pub fn failure(source: &str, error: &Error) -> ConnectorError {
    let text = chain(error);
    let code = error_code(&text);
    let credentials = || credentials_fix(source);
    let allowed = || format!("Check what the credentials allow, and that they have not expired. {}", credentials_fix(source));
    let place = || "Check the bucket and the path: a prefix is read recursively for files of the format.".to_owned();
    let reach = || format!("Check the endpoint ({}) and the network; then start the job again.", endpoints(source));
    if let Some(error) = credentials_failure(source, &text) {
        return error;
    }
    let (ls, what, fix) = match (code, error) {
        (Some("NoSuchBucket" | "ContainerNotFound"), _) => ("LS2001", "there is no such bucket".to_owned(), place()),
        (Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired"), _) => {
            ("LS2020", "the credentials have expired".to_owned(), "Get new ones, and start the job again.".to_owned())
        }
        // The second is versitygw's name of it.
        (Some("InvalidAccessKeyId" | "XAdminUserNotFound"), _) => ("LS2020", "the store does not know the access key".to_owned(), credentials()),
        (Some("SignatureDoesNotMatch" | "AuthenticationFailed"), _) => {
            ("LS2020", "the secret key is not the one of this access key (or the clock is wrong)".to_owned(), credentials())
        }
        (Some("InvalidToken"), _) => ("LS2020", "the session token is not valid".to_owned(), credentials()),
        (_, Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) => ("LS2020", "access is denied".to_owned(), allowed()),
        (_, Error::NotFound { .. }) => ("LS2001", "does not exist".to_owned(), place()),
        _ if status(&text) == Some("401") || status(&text) == Some("403") => ("LS2020", "access is denied".to_owned(), allowed()),
        _ if text.to_lowercase().contains("credential") => ("LS2020", NO_CREDENTIALS.to_owned(), credentials()),
        _ if text.contains("without LOCATION") || status(&text) == Some("301") => {
            ("LS2020", "the bucket is in another region".to_owned(), "Set AWS_REGION, or the option region.".to_owned())
        }
        _ if let Some(what) = silence(&text) => ("LS2021", format!("the store {what}"), reach()),
        _ => {
            let answers = match (status(&text), code) {
                (Some(status), Some(code)) => format!("the store answers {status} {code}"),
                (Some(status), None) => format!("the store answers {status}"),
                (None, Some(code)) => format!("the store answers {code}"),
                (None, None) => "the connection to the store broke, again and again".to_owned(),
            };
            ("LS2021", answers, reach())
        }
    };
    ConnectorError::new(ls, format!("{source}: {what}"), json!({ "source": source, "answer": code })).with_fix(fix)
}

/// Nobody answers.
fn silence(text: &str) -> Option<&'static str> {
    if ["onnection refused", "tcp connect", "client error (Connect)", "dns error"].iter().any(|sign| text.contains(sign)) {
        return Some("cannot be reached");
    }
    text.to_lowercase().contains("timed out").then_some("does not answer in time")
}

/// What is wrong before a store is asked: its credentials, in a file or at a server that gives them.
fn credentials_failure(source: &str, text: &str) -> Option<ConnectorError> {
    let refused = |what: String| Some(ConnectorError::new("LS2020", format!("{source}: {what}"), json!({ "source": source })).with_fix(credentials_fix(source)));
    // At these addresses a cloud's own machines have theirs: elsewhere nobody answers, or a proxy.
    if text.contains("169.254.169.254") || text.contains("metadata.google") {
        return refused(NO_CREDENTIALS.to_owned());
    }
    let file = google_file();
    if text.contains("unknown variant") {
        return refused(format!("credentials of the type that {file} has are not supported"));
    }
    if text.contains("Unable to open service account file") {
        return refused(format!("{file}, which the environment names, cannot be read"));
    }
    if text.contains("Unable to decode service account file") {
        return refused(format!("{file} is no JSON of credentials"));
    }
    if ["No RSA key", "Invalid RSA key", "Error reading pem file"].iter().any(|sign| text.contains(sign)) {
        return refused(format!("the private key in {file} is not valid"));
    }
    let (server, of) = credentials_server(source, text)?;
    let fix = format!("Check {of}, and the network; then start the job again.");
    let (ls, what) = match (silence(text), status(text)) {
        (Some(what), _) => ("LS2021", format!("{server} {what}")),
        (None, Some(status)) if status.starts_with('5') => ("LS2021", format!("{server} answers {status}")),
        (None, Some(status)) => ("LS2020", format!("{server} gives no credentials: it answers {status}")),
        (None, None) => ("LS2020", format!("{server} gives no credentials: its answer holds none, or is not in its format")),
    };
    Some(ConnectorError::new(ls, format!("{source}: {what}"), json!({ "source": source })).with_fix(fix))
}

/// The server of credentials that an error is about, and what says who asks it.
fn credentials_server(source: &str, text: &str) -> Option<(&'static str, &'static str)> {
    let token = text.contains("token request") || text.contains("token response");
    let said = |name: &str| env::var(name).is_ok_and(|url| !url.is_empty() && text.contains(&url));
    match Scheme::of(source)? {
        Scheme::Gs if token => Some(("Google's token server", "that the key of GOOGLE_APPLICATION_CREDENTIALS is still valid")),
        Scheme::Az if token => Some(("Azure's token server", "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE")),
        // The only request whose URL the client keeps for itself.
        Scheme::S3 if text.contains("REDACTED") || text.contains("AssumeRoleWithWebIdentity") => Some(("AWS's token service", "AWS_ROLE_ARN and the token of AWS_WEB_IDENTITY_TOKEN_FILE")),
        Scheme::S3 if text.contains("169.254.170.2") => Some(("the container's credentials server", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and what the container's role allows")),
        Scheme::S3 if said("AWS_CONTAINER_CREDENTIALS_FULL_URI") => Some(("the container's credentials server", "AWS_CONTAINER_CREDENTIALS_FULL_URI and what the container's role allows")),
        _ => None,
    }
}

/// Where a Google service account's key is from, in the client's order.
fn google_file() -> String {
    let said = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    if said("GOOGLE_SERVICE_ACCOUNT_KEY").is_some() {
        return "GOOGLE_SERVICE_ACCOUNT_KEY".to_owned();
    }
    let named = ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_APPLICATION_CREDENTIALS"].iter().find_map(|name| said(name));
    named.unwrap_or_else(|| "the file of gcloud's login".to_owned())
}

/// Why nothing was asked of a store.
pub const NO_CREDENTIALS: &str = "the environment has no credentials";

/// Where the environment has what opens the store of a URL.
pub fn credentials_fix(source: &str) -> String {
    let set = match Scheme::of(source) {
        Some(Scheme::S3) => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        Some(Scheme::Gs) => "GOOGLE_APPLICATION_CREDENTIALS",
        Some(Scheme::Az) => "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or a SAS token, or a service principal",
        Some(Scheme::Http | Scheme::Memory) | None => return "A URL that the server signs opens what is not public.".to_owned(),
    };
    format!("Set {set}, or read what is public with `store: {{ anonymous: true }}`.")
}

fn endpoints(source: &str) -> &'static str {
    match Scheme::of(source) {
        Some(Scheme::S3) => "AWS_ENDPOINT_URL, or `store: { endpoint }`",
        Some(Scheme::Gs) => "STORAGE_EMULATOR_HOST, or `store: { endpoint }`",
        Some(Scheme::Az) => "AZURE_STORAGE_ENDPOINT, or `store: { endpoint }`",
        Some(Scheme::Http | Scheme::Memory) | None => "the URL",
    }
}

/// An error with all its causes, for looking at, not for printing.
pub fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        text += &format!(" | {current}");
        cause = current.source();
    }
    text
}

/// `<Code>NoSuchBucket</Code>` of an answer.
pub fn error_code(text: &str) -> Option<&str> {
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    (code.len() < 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(code)
}

/// `status code: 503 Service Unavailable`.
fn status(text: &str) -> Option<&str> {
    let status = text.split_once("status code: ")?.1.get(..3)?;
    status.bytes().all(|byte| byte.is_ascii_digit()).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: &str, text: &str) -> String {
        let error = failure(source, &Error::Generic { store: "test", source: text.into() });
        let text = format!("{} {}", error.code, error.message);
        assert!(!format!("{text} {:?} {:?}", error.fix, error.detail).contains("planted"));
        text
    }

    #[test]
    fn credentials() {
        assert_eq!(said("gs://b", "Unable to decode service account file: unknown variant `external_account`, expected `planted`"), "LS2020 gs://b: credentials of the type that the file of gcloud's login has are not supported");
        assert_eq!(said("gs://b", "Unable to decode service account file: expected planted"), "LS2020 gs://b: the file of gcloud's login is no JSON of credentials");
        assert_eq!(said("gs://b", "Invalid RSA key: planted"), "LS2020 gs://b: the private key in the file of gcloud's login is not valid");
        assert_eq!(said("az://b", "Error performing token request: Error performing POST http://planted in 1s - client error (Connect)"), "LS2021 az://b: Azure's token server cannot be reached");
        assert_eq!(said("gs://b", "Error performing token request: Server returned non-2xx status code: 400 planted"), "LS2020 gs://b: Google's token server gives no credentials: it answers 400");
        assert_eq!(said("s3://b", "Error performing POST REDACTED in 1s - Server returned non-2xx status code: 403"), "LS2020 s3://b: AWS's token service gives no credentials: it answers 403");
        assert_eq!(said("s3://b", "Error performing PUT http://169.254.169.254/latest/api/token - status code: 403"), "LS2020 s3://b: the environment has no credentials");
        assert_eq!(said("s3://b", "Error performing HEAD http://planted - Server returned non-2xx status code: 403"), "LS2020 s3://b: access is denied");
    }
}
