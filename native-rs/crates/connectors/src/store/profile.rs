//! How a store is reached: options of the program, else the environment; credentials from the environment alone. One
//! client a store and process: its connections, its DNS answers and its token are shared by all files.
use std::{collections::HashMap, env, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::AmazonS3Builder,
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::GoogleCloudStorageBuilder,
    http::HttpBuilder,
};
use parking_lot::Mutex;
pub use lockstep_plan::StoreOptions;
use serde_json::json;

use super::{
    credentials,
    errors::{NO_CREDENTIALS, credentials_fix, failure},
    location::{Location, Scheme},
    remote::{Remote, Store},
    traffic::Counting,
};
use crate::errors::{ConnectorError, Result};

type Key = (String, Option<String>, StoreOptions);

static STORES: Mutex<Option<HashMap<Key, Store>>> = Mutex::new(None);

/// Makes `store` the one that `memory://name` URLs of this process mean.
pub fn install(name: &str, store: Arc<dyn Remote>) {
    let root = format!("memory://{name}");
    let key = (root.clone(), None, StoreOptions::default());
    STORES.lock().get_or_insert_default().insert(key, Store::new(root, store));
}

/// The store of a location. LS2015 where the options make no sense, LS2020 without credentials.
pub fn store(location: &Location, options: &StoreOptions) -> Result<Store> {
    let key = (location.root.clone(), location.query.as_ref().map(|query| query.0.clone()), options.clone());
    let mut stores = STORES.lock();
    let stores = stores.get_or_insert_default();
    if let Some(known) = stores.get(&key) {
        return Ok(known.clone());
    }
    if options.endpoint.as_ref().is_some_and(|endpoint| endpoint.contains(['@', '?']) || !endpoint.contains("://")) {
        let message = "the option endpoint is not a URL such as https://host:port without credentials";
        return Err(ConnectorError::unsupported(message, json!({ "source": location.root })));
    }
    let wrong = |error| failure(&location.root, &error);
    let remote: Arc<dyn Remote> = match location.scheme {
        Scheme::S3 => Arc::new(s3(location, options)?.build().map_err(wrong)?),
        Scheme::Gs => Arc::new(gs(location, options)?.build().map_err(wrong)?),
        Scheme::Az => Arc::new(az(location, options)?.build().map_err(wrong)?),
        Scheme::Http => {
            let query = location.query.as_ref().map_or(String::new(), |query| format!("?{}", query.0));
            let client = client(location.root.starts_with("http://"));
            let builder = HttpBuilder::new().with_url(format!("{}{query}", location.root)).with_client_options(client).with_retry(retry()?).with_http_connector(Counting);
            Arc::new(builder.build().map_err(wrong)?)
        }
        Scheme::Memory => return Err(ConnectorError::unsupported("memory:// is a store of tests", json!({}))),
    };
    let store = Store::new(location.root.clone(), remote);
    stores.insert(key, store.clone());
    Ok(store)
}

fn s3(location: &Location, options: &StoreOptions) -> Result<AmazonS3Builder> {
    let variable = |names: &[&str]| names.iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    let anonymous = options.anonymous.unwrap_or_else(|| flag("AWS_SKIP_SIGNATURE"));
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&location.bucket).with_retry(retry()?).with_http_connector(Counting);
    let profile = credentials::profile();
    let endpoint = options.endpoint.clone().or_else(|| variable(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"])).or(profile.endpoint);
    let plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let own_keys = variable(&["AWS_ACCESS_KEY_ID"]).is_some();
    if let (false, Some((id, secret))) = (own_keys, profile.key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        if let Some(token) = profile.token {
            builder = builder.with_token(token);
        }
    } else if let (false, false, false, Some(setting)) = (own_keys, anonymous, roles(), profile.elsewhere) {
        let (source, name) = (&location.root, profile.name);
        let message = format!("{source}: the profile {name} gets its credentials by {setting}, which is not supported");
        let fix = format!("Put them into the environment by `eval \"$(aws configure export-credentials --profile {name} --format env)\"`, and start the job again.");
        return Err(ConnectorError::new("LS2020", message, json!({ "source": source })).with_fix(fix));
    } else if !own_keys && !anonymous && !roles() && (plain || flag("AWS_EC2_METADATA_DISABLED")) {
        // AWS' own machines give credentials by an address that elsewhere nobody answers at.
        let message = format!("{}: {NO_CREDENTIALS}", location.root);
        return Err(ConnectorError::new("LS2020", message, json!({ "source": location.root })).with_fix(credentials_fix(&location.root)));
    }
    if let Some(region) = options.region.clone().or_else(|| variable(&["AWS_REGION", "AWS_DEFAULT_REGION"])).or(profile.region) {
        builder = builder.with_region(region);
    }
    let path_style = options.path_style.unwrap_or_else(|| !flag("AWS_VIRTUAL_HOSTED_STYLE_REQUEST"));
    if let Some(mut endpoint) = endpoint {
        // With the bucket in the host name it is part of the endpoint.
        if let (false, Some((scheme, host))) = (path_style, endpoint.split_once("://")) {
            endpoint = format!("{scheme}://{}.{host}", location.bucket);
        }
        builder = builder.with_endpoint(endpoint);
    }
    Ok(builder.with_virtual_hosted_style_request(!path_style).with_skip_signature(anonymous).with_client_options(client(plain)))
}

/// Whether the environment gives credentials by a role.
fn roles() -> bool {
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        .iter()
        .any(|name| env::var(name).is_ok())
}

fn gs(location: &Location, options: &StoreOptions) -> Result<GoogleCloudStorageBuilder> {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&location.bucket).with_retry(retry()?).with_http_connector(Counting);
    // The emulators' variable may lack the scheme.
    let emulator = env::var("STORAGE_EMULATOR_HOST").ok().filter(|host| !host.is_empty());
    let emulator = emulator.map(|host| if host.contains("://") { host } else { format!("http://{host}") });
    let anonymous = options.anonymous.unwrap_or(emulator.is_some() || flag("GOOGLE_SKIP_SIGNATURE"));
    let endpoint = options.endpoint.clone().or(emulator);
    let plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    if let Some(endpoint) = endpoint {
        builder = builder.with_base_url(endpoint.trim_end_matches('/'));
    }
    Ok(builder.with_skip_signature(anonymous).with_client_options(client(plain)))
}

fn az(location: &Location, options: &StoreOptions) -> Result<MicrosoftAzureBuilder> {
    let mut builder = MicrosoftAzureBuilder::from_env().with_container_name(&location.bucket).with_retry(retry()?).with_http_connector(Counting);
    let mut plain = false;
    let endpoint = options.endpoint.clone().or_else(|| builder.get_config_value(&AzureConfigKey::Endpoint));
    if let Some(endpoint) = endpoint {
        plain = endpoint.starts_with("http://");
        builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
    }
    if flag("AZURE_STORAGE_USE_EMULATOR") {
        plain = true;
        builder = builder.with_use_emulator(true);
    }
    if let Some(anonymous) = options.anonymous {
        builder = builder.with_skip_signature(anonymous);
    }
    Ok(builder.with_client_options(client(plain)))
}

fn flag(name: &str) -> bool {
    env::var(name).is_ok_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes"))
}

fn client(plain: bool) -> ClientOptions {
    ClientOptions::new().with_allow_http(plain).with_timeout(Duration::from_secs(60)).with_connect_timeout(Duration::from_secs(5))
}

/// Bounded: 8 retries of a request, about 12 s where nobody answers; `LOCKSTEP_STORE_RETRIES` is another number. LS2015
fn retry() -> Result<RetryConfig> {
    let wrong = |_| ConnectorError::unsupported("LOCKSTEP_STORE_RETRIES is no whole number", json!({})).with_fix("Set it to how often a request is made again: 8, or 0.");
    let max_retries = env::var("LOCKSTEP_STORE_RETRIES").map_or(Ok(8), |retries| retries.parse::<u32>()).map_err(wrong)? as usize;
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(4), base: 2.0 };
    Ok(RetryConfig { backoff, max_retries, retry_timeout: Duration::from_secs(60) })
}
