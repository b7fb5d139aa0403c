//! The apt repositories of the demo as data: which suites, which components, which version of the package in each.

use super::deb::Product;

/// One apt repository: a pool and what stands below `dists/`.
pub(super) struct Repository {
    /// `Origin` of every Release file.
    pub origin: &'static str,
    /// `Label` of every Release file, unless a suite says otherwise.
    pub label: &'static str,
    /// The one package that the repository carries, in the first component of its suites.
    pub product: Product,
    /// Whether there is something for `deb-src`.
    pub with_sources: bool,
    /// All suites.
    pub suites: Vec<Suite>,
}

/// One directory below `dists/`.
pub(super) struct Suite {
    /// Name of the directory.
    pub dist: String,
    /// `Suite` of the Release file: a role like `stable-updates`, or the directory again.
    pub role: String,
    /// `Codename` of the Release file.
    pub codename: String,
    /// `Version` of the Release file, where there is a numbered release.
    pub version: Option<String>,
    /// Replaces the repository's `Label`.
    pub label: Option<&'static str>,
    /// All components.
    pub components: &'static [&'static str],
    /// apt installs from here only when asked to: backports, proposed.
    pub not_automatic: bool,
    /// The version of the product in this suite.
    pub package: Option<String>,
}

const DEBIAN: &[&str] = &["main", "contrib", "non-free", "non-free-firmware"];
/// `non-free-firmware` came with Debian 12.
const DEBIAN_11: &[&str] = &["main", "contrib", "non-free"];
const UBUNTU: &[&str] = &["main", "restricted", "universe", "multiverse"];

const HELLO: Product = Product {
    name: "mingjing-hello",
    section: "misc",
    command: "mingjing-hello",
    summary: "demo package of a software mirror",
    description: "It prints one line and does nothing else.",
};
const DOCKER: Product = Product {
    name: "docker-ce",
    section: "admin",
    command: "docker-ce-demo",
    summary: "demo package of a software mirror, not Docker",
    description: "It prints one line and does nothing else. There is no container engine in it.",
};

struct DebianRelease {
    codename: &'static str,
    suite: &'static str,
    number: Option<u8>,
    components: &'static [&'static str],
}

const DEBIAN_RELEASES: [DebianRelease; 5] = [
    DebianRelease { codename: "trixie", suite: "stable", number: Some(13), components: DEBIAN },
    DebianRelease {
        codename: "bookworm",
        suite: "oldstable",
        number: Some(12),
        components: DEBIAN,
    },
    DebianRelease {
        codename: "bullseye",
        suite: "oldoldstable",
        number: Some(11),
        components: DEBIAN_11,
    },
    DebianRelease { codename: "forky", suite: "testing", number: None, components: DEBIAN },
    DebianRelease { codename: "sid", suite: "unstable", number: None, components: DEBIAN },
];

impl DebianRelease {
    fn pocket(&self, pocket: &str, package: Option<String>) -> Suite {
        Suite {
            dist: format!("{}{pocket}", self.codename),
            role: format!("{}{pocket}", self.suite),
            codename: format!("{}{pocket}", self.codename),
            version: self.number.map(|number| format!("{number}{pocket}")),
            label: None,
            components: self.components,
            not_automatic: false,
            package,
        }
    }
}

/// `debian/`: every release, with updates and backports where Debian has them on its mirrors.
pub(super) fn debian() -> Repository {
    let mut suites = Vec::new();
    for release in &DEBIAN_RELEASES {
        let package = if release.number.is_some() { "1.0-1" } else { "1.1-1" };
        suites.push(release.pocket("", Some(package.to_owned())));
        if release.codename != "sid" {
            suites.push(release.pocket("-updates", None));
        }
        if let "trixie" | "bookworm" = release.codename {
            let package = release.number.map(|number| format!("1.1-1~bpo{number}+1"));
            let backports = release.pocket("-backports", package);
            suites.push(Suite {
                label: Some("Debian Backports"),
                not_automatic: true,
                ..backports
            });
        }
    }
    Repository { origin: "Debian", label: "Debian", product: HELLO, with_sources: true, suites }
}

/// `debian-security/`.
pub(super) fn debian_security() -> Repository {
    let supported = DEBIAN_RELEASES.iter().filter(|release| release.codename != "sid");
    let suites = supported
        .map(|release| {
            let package = release.number.map(|number| format!("1.0-1+deb{number}u1"));
            release.pocket("-security", package)
        })
        .collect();
    Repository {
        origin: "Debian",
        label: "Debian-Security",
        product: HELLO,
        with_sources: true,
        suites,
    }
}

/// `ubuntu/`.
pub(super) fn ubuntu() -> Repository {
    let releases =
        [("jammy", "22.04"), ("noble", "24.04"), ("resolute", "26.04"), ("stonking", "26.10")];
    let mut suites = Vec::new();
    for (codename, number) in releases {
        let fixed = format!("1.0-1ubuntu0.{number}.1");
        let pockets = [
            ("", Some("1.0-1".to_owned())),
            ("-updates", Some(fixed.clone())),
            ("-backports", Some(format!("1.1-1~bpo{number}.1"))),
            ("-security", Some(fixed)),
            ("-proposed", None),
        ];
        suites.extend(pockets.map(|(pocket, package)| Suite {
            dist: format!("{codename}{pocket}"),
            role: format!("{codename}{pocket}"),
            codename: codename.to_owned(),
            version: Some(number.to_owned()),
            label: None,
            components: UBUNTU,
            not_automatic: matches!(pocket, "-backports" | "-proposed"),
            package,
        }));
    }
    Repository { origin: "Ubuntu", label: "Ubuntu", product: HELLO, with_sources: true, suites }
}

/// `docker-ce/linux/debian/`.
pub(super) fn docker() -> Repository {
    let suites = [("trixie", 13), ("bookworm", 12)].map(|(codename, number)| Suite {
        dist: codename.to_owned(),
        role: codename.to_owned(),
        codename: codename.to_owned(),
        version: None,
        label: None,
        components: &["stable"],
        not_automatic: false,
        package: Some(format!("5:29.0.0-1~debian.{number}~{codename}")),
    });
    Repository {
        origin: "Docker",
        label: "Docker CE",
        product: DOCKER,
        with_sources: false,
        suites: suites.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dists(repository: &Repository) -> Vec<&str> {
        let mut names: Vec<_> = repository.suites.iter().map(|suite| suite.dist.as_str()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn debian_has_updates_and_backports_where_debian_has_them() {
        let wanted = "bookworm bookworm-backports bookworm-updates bullseye bullseye-updates forky forky-updates sid \
                      trixie trixie-backports trixie-updates";
        assert_eq!(dists(&debian()).join(" "), wanted);
        assert_eq!(
            dists(&debian_security()).join(" "),
            "bookworm-security bullseye-security forky-security trixie-security"
        );
        assert_eq!(dists(&ubuntu()).len(), 4 * 5);
    }
}
