//! Names of models: the short forms that people type, and the resource names on the wire.

use crate::Error;

/// Turns a name as people type it into a resource name: `iris-vae` (the newest version that is ready), `iris-vae@1`
/// (that version) or a full resource name (`models/iris-vae`, `models/iris-vae/versions/1`). The server decides whether
/// there is such a model.
pub(crate) fn resource_name(name: &str) -> Result<String, Error> {
    if name.starts_with("models/") {
        return Ok(name.to_owned());
    }
    let (model, version) = match name.split_once('@') {
        None => (name, None),
        Some((model, version)) => (model, Some(version)),
    };
    if !model.is_empty() && !name.contains('/') {
        match version {
            None => return Ok(format!("models/{model}")),
            Some(version) => {
                if let Some(version) = number(version) {
                    return Ok(format!("models/{model}/versions/{version}"));
                }
            }
        }
    }
    let problem =
        format!("{name:?} is not a model's name: write NAME, NAME@VERSION or a full resource name (models/...)");
    Err(Error::invalid("model", &problem))
}

fn number(digits: &str) -> Option<u64> {
    // `parse` would accept a sign.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_a_resource_name() {
        for (typed, resource) in [
            ("iris-vae", "models/iris-vae"),
            ("iris-vae@2", "models/iris-vae/versions/2"),
            ("iris-vae@002", "models/iris-vae/versions/2"),
            ("models/iris-vae", "models/iris-vae"),
            ("models/iris-vae/versions/2", "models/iris-vae/versions/2"),
            // The client accepts these, and the server refuses them.
            ("models/", "models/"),
            ("Iris VAE", "models/Iris VAE"),
        ] {
            assert_eq!(resource_name(typed).unwrap(), resource);
        }
    }

    #[test]
    fn what_is_no_name_is_refused_before_it_is_sent() {
        for typed in [
            "",
            "@2",
            "iris-vae@",
            "iris-vae@two",
            "iris-vae@+2",
            "iris-vae@-2",
            "a/b",
            "a@1/2",
            "a@1@2",
        ] {
            let error = resource_name(typed).unwrap_err();
            assert_eq!(error.code(), tonic::Code::InvalidArgument, "{typed}");
            assert_eq!(error.field_violations()[0].field, "model");
        }
        assert!(resource_name("iris-vae@99999999999999999999").is_err());
    }
}
