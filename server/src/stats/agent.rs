//! What kind of program a client is, by the name that it gives itself.

use app::stats::Agent;

/// What a name begins with, in the order in which it is compared.
const STARTS: [(&[u8], Agent); 67] = [
    (b"Debian APT", Agent::Apt),
    (b"Ubuntu APT", Agent::Apt),
    (b"APT-HTTP", Agent::Apt),
    (b"apt-cacher", Agent::Apt),
    (b"Apt-Cacher", Agent::Apt),
    (b"apt/", Agent::Apt),
    (b"apt-mirror", Agent::Apt),
    (b"debmirror", Agent::Apt),
    (b"libdnf", Agent::Dnf),
    (b"dnf", Agent::Dnf),
    (b"urlgrabber", Agent::Dnf),
    (b"yum", Agent::Dnf),
    (b"PackageKit", Agent::Dnf),
    (b"rpm-ostree", Agent::Dnf),
    (b"reposync", Agent::Dnf),
    (b"ZYpp", Agent::Zypper),
    (b"zypp", Agent::Zypper),
    (b"pacman", Agent::Pacman),
    (b"pacoloco", Agent::Pacman),
    (b"apk-tools", Agent::Apk),
    (b"libapk", Agent::Apk),
    (b"portage", Agent::Portage),
    (b"Portage", Agent::Portage),
    (b"pip/", Agent::Pip),
    (b"uv/", Agent::Pip),
    (b"poetry", Agent::Pip),
    (b"pdm/", Agent::Pip),
    (b"unearth/", Agent::Pip),
    (b"bandersnatch", Agent::Pip),
    (b"conda/", Agent::Conda),
    (b"mamba/", Agent::Conda),
    (b"micromamba", Agent::Conda),
    (b"libmamba", Agent::Conda),
    (b"rattler", Agent::Conda),
    (b"pixi/", Agent::Conda),
    (b"cargo", Agent::Cargo),
    (b"rustup", Agent::Cargo),
    (b"npm/", Agent::Npm),
    (b"pnpm/", Agent::Npm),
    (b"yarn/", Agent::Npm),
    (b"Yarn/", Agent::Npm),
    (b"Bun/", Agent::Npm),
    (b"Apache-Maven", Agent::Java),
    (b"Gradle", Agent::Java),
    (b"Apache Ivy", Agent::Java),
    (b"Coursier", Agent::Java),
    (b"Go-http-client", Agent::Go),
    (b"GoModuleMirror", Agent::Go),
    (b"R (", Agent::R),
    (b"R/", Agent::R),
    (b"libcurl/", Agent::R),
    (b"docker/", Agent::Container),
    (b"containerd/", Agent::Container),
    (b"containers/", Agent::Container),
    (b"skopeo/", Agent::Container),
    (b"buildkit/", Agent::Container),
    (b"git/", Agent::Git),
    (b"JGit/", Agent::Git),
    (b"Homebrew/", Agent::Homebrew),
    (b"curl/", Agent::Tool),
    (b"Wget", Agent::Tool),
    (b"wget", Agent::Tool),
    (b"aria2/", Agent::Tool),
    (b"Axel", Agent::Tool),
    (b"axel", Agent::Tool),
    (b"lftp/", Agent::Tool),
    (b"BITS/", Agent::Tool),
];

/// What crawlers and monitors call themselves somewhere in a long name.
const BOTS: [&[u8]; 10] = [
    b"bot",
    b"Bot",
    b"spider",
    b"Spider",
    b"crawl",
    b"Crawl",
    b"http://",
    b"https://",
    b"monitor",
    b"mirrorz",
];

/// The kind of program.
pub fn classify(name: &[u8]) -> Agent {
    // PERF: most requests come from few programs, whose names begin differently.
    let known = STARTS.iter().find(|(start, _)| name.starts_with(start)).map(|(_, agent)| *agent);
    match known {
        Some(agent) => agent,
        None if BOTS.iter().any(|word| memchr::memmem::find(name, word).is_some()) => Agent::Bot,
        None if name.starts_with(b"Mozilla/") || name.starts_with(b"Opera/") => Agent::Browser,
        // Text browsers.
        None if [&b"w3m/"[..], b"Lynx/", b"ELinks", b"Links"]
            .iter()
            .any(|b| name.starts_with(b)) =>
        {
            Agent::Browser
        }
        None => Agent::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_what_they_call_themselves() {
        for (name, agent) in [
            ("Debian APT-HTTP/1.3 (2.6.1)", Agent::Apt),
            ("libdnf (Fedora Linux 40; server; Linux.x86_64)", Agent::Dnf),
            ("ZYpp 17.31.2 (curl 8.0.1) openSUSE-Leap-15.5-x86_64", Agent::Zypper),
            ("pacman/6.0.2 (Linux x86_64) libalpm/13.0.2", Agent::Pacman),
            ("pip/24.0 {\"ci\":null}", Agent::Pip),
            ("conda/23.7.4 requests/2.31.0 CPython/3.11.5", Agent::Conda),
            ("cargo 1.80.0 (376290515 2024-07-16)", Agent::Cargo),
            ("npm/10.2.4 node/v20.11.0 linux x64 workspaces/false", Agent::Npm),
            ("docker/26.1.3 go/go1.21.10", Agent::Container),
            ("git/2.39.2", Agent::Git),
            ("curl/8.5.0", Agent::Tool),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                Agent::Browser,
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                Agent::Bot,
            ),
            ("Mozilla/5.0 (compatible; Baiduspider/2.0)", Agent::Bot),
            ("mirrorz-parser/1.0", Agent::Bot),
            ("w3m/0.5.3+git20230121", Agent::Browser),
            ("-", Agent::Other),
            ("", Agent::Other),
        ] {
            assert_eq!(classify(name.as_bytes()), agent, "{name}");
        }
    }

    #[test]
    fn every_kind_has_an_id_of_its_own() {
        let ids: std::collections::HashSet<_> = Agent::ALL.map(Agent::id).into_iter().collect();
        assert_eq!(ids.len(), Agent::ALL.len());
    }
}
