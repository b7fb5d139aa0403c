//! Queries of the API, read strictly: a filter with a slip of the pen must not answer everything.

use axum::http::Uri;

use super::{AppError, encode};

/// The parameters of a request, each at most once and none but those that exist.
#[derive(Debug)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of an address that has these parameters.
    ///
    /// # Errors
    /// A parameter that does not exist, or one that is there twice.
    pub fn parse(uri: &Uri, known: &'static [&'static str]) -> Result<Self, AppError> {
        let pairs = encode::pairs(uri.query().unwrap_or_default());
        for (at, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(AppError::UnknownParameter(name.clone(), known));
            }
            if pairs.iter().take(at).any(|(earlier, _)| earlier == name) {
                return Err(AppError::RepeatedParameter(name.clone()));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of one, empty ones included.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A value of a closed list, if it was asked for.
    ///
    /// # Errors
    /// The valid values, when it is none of them.
    pub fn closed<T: Copy>(
        &self,
        name: &'static str,
        all: &[T],
        id: fn(T) -> &'static str,
    ) -> Result<Option<T>, AppError> {
        self.get(name).map(|value| closed(name, value, all, id)).transpose()
    }

    /// A whole number within bounds, in digits and nothing else.
    ///
    /// # Errors
    /// The bounds, when it is none.
    pub fn number(
        &self,
        name: &'static str,
        bounds: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<usize>, AppError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        number.filter(|number| bounds.contains(number)).map(Some).ok_or_else(|| {
            let valid = format!("{}–{}", bounds.start(), bounds.end());
            AppError::BadParameter(name, text.to_owned(), valid)
        })
    }
}

/// One value of a closed list.
///
/// # Errors
/// The valid values, when it is none of them.
pub fn closed<T: Copy>(
    name: &'static str,
    value: &str,
    all: &[T],
    id: fn(T) -> &'static str,
) -> Result<T, AppError> {
    all.iter().copied().find(|item| id(*item) == value).ok_or_else(|| {
        let valid: Vec<_> = all.iter().map(|item| id(*item)).collect();
        AppError::BadParameter(name, value.to_owned(), valid.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Params, AppError> {
        Params::parse(&format!("/x?{query}").parse().unwrap(), &["a", "limit"])
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused() {
        assert_eq!(parse("a=1&limit=2").unwrap().get("a"), Some("1"));
        assert!(matches!(parse("b=1"), Err(AppError::UnknownParameter(name, _)) if name == "b"));
        assert!(matches!(parse("a=1&a=1"), Err(AppError::RepeatedParameter(name)) if name == "a"));
    }

    #[test]
    fn a_number_is_digits_within_bounds() {
        let limit = |text: &str| parse(&format!("limit={text}")).unwrap().number("limit", 1..=200);
        assert_eq!(limit("200").unwrap(), Some(200));
        for text in ["", "0", "201", "+5", "5.0", "-1", "%205", "99999999999999999999999"] {
            assert!(limit(text).is_err(), "{text}");
        }
        assert_eq!(parse("").unwrap().number("limit", 1..=200).unwrap(), None);
    }
}
