//! `/docs/…`: pages, options, snippets.

use server::status::Entry;

use crate::harness::{TestSite, few, few_entries};

/// What apt accepts, byte for byte.
const DEBIAN_SOURCES: &str = "\
Types: deb
URIs: https://mirror.example/debian
Suites: trixie trixie-updates
Components: main contrib non-free non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://security.debian.org/debian-security
Suites: trixie-security
Components: main contrib non-free non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

#[tokio::test]
async fn a_snippet_is_plain_text_that_apt_accepts() {
    let site = TestSite::shared().await;
    for path in [
        "/docs/debian/debian.sources",
        "/docs/debian/debian.sources?release=trixie",
        "/en/docs/debian/debian.sources?release=trixie&format=deb822",
        "/docs/debian/deb822",
        "/docs/Debian/debian.sources",
    ] {
        let answer = site.get(path).await.is(200);
        assert_eq!(answer.text(), DEBIAN_SOURCES, "{path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("x-target-file"), "/etc/apt/sources.list.d/debian.sources");
        assert_eq!(answer.header("x-run-as"), "");
    }
    let list = site.get("/docs/debian/sources.list?release=sid&format=list&scheme=http&src=on");
    assert_eq!(
        list.await.is(200).text(),
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian sid main contrib non-free non-free-firmware\n\
         deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian sid main contrib non-free non-free-firmware\n"
    );
}

#[tokio::test]
async fn the_page_shows_the_same_bytes_without_javascript() {
    let site = TestSite::shared().await;
    let page = site.get("/docs/debian").await.is(200).html();
    assert_eq!(page.code("code-deb822"), DEBIAN_SOURCES);
    assert_eq!(
        page.code("curl-deb822"),
        "sudo curl -fsSL --create-dirs -o /etc/apt/sources.list.d/debian.sources \
         'https://mirror.example/docs/debian/debian.sources'"
    );
    let page = site.get("/en/docs/debian?release=bookworm&sudo=off").await.is(200).html();
    let code = page.code("code-deb822");
    assert!(code.contains("Suites: bookworm bookworm-updates\n"), "{code}");
    assert!(page.code("curl-deb822").starts_with("curl "));
    let raw = "/docs/debian/debian.sources?release=bookworm&sudo=off";
    assert!(page.links().iter().any(|link| link == raw), "{:?}", page.links());
    assert_eq!(site.get(raw).await.is(200).text(), code);
}

#[tokio::test]
async fn a_command_says_who_runs_it() {
    let site = TestSite::shared().await;
    for (path, who, text) in [
        ("/docs/debian/update", "root", "sudo apt-get update\n"),
        ("/docs/debian/update?sudo=off", "root", "apt-get update\n"),
        ("/docs/debian/which", "user", "grep VERSION_CODENAME /etc/os-release\n"),
    ] {
        let answer = site.get(path).await.is(200);
        assert_eq!((answer.header("x-run-as"), answer.text()), (who, text));
    }
}

#[tokio::test]
async fn a_choice_has_one_canonical_address() {
    let site = TestSite::shared().await;
    for (query, canonical) in [
        ("release=trixie", ""),
        ("release=trixie&format=deb822&security=official&scheme=https&sudo=on", ""),
        ("format=list&release=bookworm", "?release=bookworm&format=list"),
        // What a form sends: a hidden `off` before each box, and `on` for those that are ticked.
        ("nonfree=off&nonfree=on&backports=off&backports=on&src=off", "?backports=on"),
        ("nonfree=off&backports=off&src=off&sudo=off&sudo=on", "?nonfree=off"),
        ("release=bookworm&release=sid", "?release=sid"),
        // Options that do not apply to sid are dropped.
        ("release=sid&security=mirror&backports=on", "?release=sid"),
    ] {
        for prefix in ["", "/en"] {
            let answer = site.get(&format!("{prefix}/docs/debian?{query}")).await.is(303);
            assert_eq!(answer.location(), format!("{prefix}/docs/debian{canonical}"), "{query}");
            site.get(answer.location()).await.is(200);
        }
    }
}

#[tokio::test]
async fn an_option_that_does_not_apply_is_not_in_the_form() {
    let site = TestSite::shared().await;
    let names = async |path: &str| -> Vec<String> {
        let page = site.get(path).await.is(200).html();
        let all = page.tags().iter().filter(|tag| tag.name == "select" || tag.name == "input");
        let mut names: Vec<_> =
            all.filter_map(|tag| tag.get("name")).map(ToOwned::to_owned).collect();
        names.dedup();
        names
    };
    let all = ["release", "format", "security", "scheme", "nonfree", "backports", "src", "sudo"];
    assert_eq!(names("/docs/debian").await, all);
    let few = ["release", "format", "scheme", "nonfree", "src", "sudo"];
    assert_eq!(names("/docs/debian?release=sid").await, few);
}

#[tokio::test]
async fn an_unknown_option_or_value_is_refused_with_the_valid_ones() {
    const OPTIONS: &str = "release, format, security, scheme, nonfree, backports, src, sudo";
    const RELEASES: &str = "trixie, bookworm, bullseye, forky, sid";
    let site = TestSite::shared().await;
    for path in ["/docs/debian", "/docs/debian.md", "/docs/debian/debian.sources"] {
        for (query, named, valid) in [
            ("relase=trixie", "relase", OPTIONS),
            ("release=buster", "buster", RELEASES),
            ("release=", "release", RELEASES),
            ("src=yes", "yes", "on, off"),
            ("%3Cscript%3E=1", "<script>", OPTIONS),
        ] {
            let path = format!("/en{path}?{query}");
            let text = site.get(&path).await.is(400);
            assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
            assert!(text.text().starts_with("400: ") && text.text().contains(valid), "{path}");
            assert!(text.text().contains(named), "{path}");
            let html = site.visit(&path).await.is(400).html();
            assert!(html.main().visible().contains(valid), "{path}");
            assert!(html.runs_only_scripts_of_the_frame());
            let json =
                site.get_with(&path, &[("accept", "application/json")]).await.is(400).problem();
            assert_eq!(json["status"], 400);
            assert!(json["detail"].as_str().unwrap().contains(valid), "{json}");
        }
    }
    let chinese = site.get("/docs/debian?release=buster").await.is(400);
    assert!(chinese.text().contains("可用的值：trixie"), "{}", chinese.text());
}

#[tokio::test]
async fn a_snippet_that_does_not_apply_names_its_condition() {
    let site = TestSite::shared().await;
    let answer = site.get("/en/docs/debian/sources.list").await.is(404);
    assert_eq!(
        answer.text(),
        "404: Snippet “sources.list” does not apply to these options; its condition is: format == 'list'\n"
    );
    site.get("/docs/debian/sources.list?format=list").await.is(200);
    site.get("/docs/debian/debian.sources?format=list").await.is(404);
}

#[tokio::test]
async fn an_unknown_snippet_names_those_that_exist() {
    let site = TestSite::shared().await;
    let answer = site.get("/en/docs/debian/debian.source").await.is(404);
    let text = answer.text();
    for name in ["debian.sources", "update", "verify", "undo-deb822"] {
        assert!(text.contains(&format!(" {name}")), "{text}");
    }
    assert!(!text.contains("sample") && !text.contains("undo-list"), "{text}");
    site.get("/docs/debian/which-sample").await.is(404);
}

#[tokio::test]
async fn the_options_can_be_enumerated_from_outside() {
    let site = TestSite::shared().await;
    let state = site.state().snapshot();
    for guide in state.content.guides.values() {
        let path = format!("/docs/{}", guide.id);
        let answer = site.get(&format!("{path}/options.json")).await.is(200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let told = answer.json();
        assert_eq!(told["options"].as_array().unwrap().len(), guide.options.len());
        for option in told["options"].as_array().unwrap() {
            let id = option["id"].as_str().unwrap();
            let values = option["values"].as_array().unwrap();
            assert!(values.iter().any(|v| v["value"] == option["default"]), "{option}");
            for value in values {
                let query = format!("{id}={}", value["value"].as_str().unwrap());
                let status = site.get(&format!("{path}?{query}")).await.status.as_u16();
                assert!([200, 303].contains(&status), "{path}?{query}: {status}");
            }
        }
        for snippet in told["snippets"].as_array().unwrap() {
            let id = snippet["id"].as_str().unwrap();
            let status = site.get(&format!("{path}/{id}")).await.status.as_u16();
            let wanted: &[u16] = if snippet["when"].is_null() { &[200] } else { &[200, 404] };
            assert!(wanted.contains(&status), "{path}/{id}: {status}");
        }
    }
    let debian = site.get("/docs/debian/options.json").await.json();
    let release = &debian["options"][0];
    assert_eq!((&release["id"], &release["kind"]), (&"release".into(), &"select".into()));
    assert_eq!(release["values"][2]["eol"], "2026-08-31");
    assert_eq!(debian["options"][2]["hide_when"], "rolling");
    let deb822 = &debian["snippets"][2];
    assert_eq!(
        (&deb822["file"], &deb822["when"], &deb822["mode"]),
        (
            &"/etc/apt/sources.list.d/debian.sources".into(),
            &"format == 'deb822'".into(),
            &"create".into()
        )
    );
}

#[tokio::test]
async fn other_spellings_move_permanently_and_keep_the_query() {
    let site = TestSite::shared().await;
    for (from, to) in [
        ("/docs/Debian", "/docs/debian"),
        ("/docs/DEBIAN?release=sid", "/docs/debian?release=sid"),
        ("/en/docs/conda", "/en/docs/anaconda"),
        ("/docs/texlive", "/docs/CTAN"),
        ("/docs/ctan", "/docs/CTAN"),
        ("/docs/%E5%AE%89%E5%90%8C", "/docs/anthon"),
        ("/docs/debian/?release=sid", "/docs/debian?release=sid"),
        ("/docs", "/docs/"),
        ("/en/docs", "/en/docs/"),
        ("/en", "/en/"),
    ] {
        let answer = site.get(from).await;
        assert!([301, 308].contains(&answer.status.as_u16()), "{from}: {}", answer.status);
        assert_eq!(answer.location(), to, "{from}");
        site.get(to).await.is(200);
    }
}

#[tokio::test]
async fn the_markdown_has_every_option_filled_in() {
    let site = TestSite::shared().await;
    let snapshot = site.state().snapshot();
    for id in snapshot.content.guides.keys() {
        for prefix in ["", "/en"] {
            let answer = site.get(&format!("{prefix}/docs/{id}.md")).await.is(200);
            assert_eq!(answer.header("content-type"), "text/markdown; charset=utf-8");
            let text = answer.text();
            assert!(text.starts_with("# ") && text.contains("\n```"), "{id}");
            for left in ["{{", "}}", "{%", "%%", "```use", "\r"] {
                assert!(!text.contains(left), "{id}: {left}");
            }
        }
    }
    let sid = site.get("/en/docs/debian.md?release=sid").await.is(200);
    let text = sid.text();
    assert!(text.contains("Suites: sid\n") && !text.contains("sid-security\n"), "{text}");
    assert!(
        text.contains(
            "Write to /etc/apt/sources.list.d/debian.sources:\n\n```deb822\nTypes: deb\n"
        )
    );
}

#[tokio::test]
async fn a_mirror_without_a_guide_says_so_and_shows_what_is_known() {
    let site = few().start().await;
    for (path, pending, known) in [
        ("/docs/beta", "正在编写中", "第二个镜像。"),
        ("/en/docs/beta", "guide for this mirror is being written", "The second mirror."),
    ] {
        let text = site.get(path).await.is(200).html().main().visible();
        for word in [pending, known, "https://mirror.example/beta/", "5.0 GiB"] {
            assert!(text.contains(word), "{path}: {word} in {text}");
        }
    }
    let answer = site.get("/en/docs/beta/anything").await.is(404);
    assert!(answer.text().contains("no guide for “beta”"), "{}", answer.text());
    site.get("/docs/beta.md").await.is(404);
    let with_guide = site.get("/en/docs/gamma").await.is(200).html();
    assert!(!with_guide.visible().contains("being written"));
    assert_eq!(with_guide.code("code-go"), "sudo go https://mirror.example/deep/gamma\n");
}

#[tokio::test]
async fn a_mirror_that_only_a_backend_knows_has_a_page_too() {
    let mut entries = few_entries();
    entries.push(Entry { id: "one/two/three/four".to_owned(), ..Entry::default() });
    let site = few().entries(entries).start().await;
    let list = site.get("/en/").await.html();
    let link = list.links().into_iter().find(|l| l.contains("delta")).unwrap();
    let page = site.get(&link).await.is(200).html();
    assert!(page.title().contains("delta/child"), "{}", page.title());
    site.get("/docs/one/two/three/four").await.is(200);
    assert_eq!(site.get("/docs/delta%2Fchild").await.is(308).location(), "/docs/delta/child");
}

#[tokio::test]
async fn a_release_past_its_end_is_marked() {
    let site = TestSite::shared().await;
    let page = site.get("/en/docs/debian?release=bullseye").await.is(200).html();
    assert!(page.visible().contains("reached its end of life on 2026-08-31"));
    let labels = page.texts("option");
    assert!(labels.contains(&"11 bullseye · end of life".to_owned()), "{labels:?}");
    assert!(!site.get("/en/docs/debian").await.html().visible().contains("reached its end"));
}

/// Ids as backends have them: with slashes, spaces, Chinese, and everything that ends a path.
const ODD_IDS: [(&str, &str); 5] = [
    ("git/lean4-packages/aesop", "/docs/git/lean4-packages/aesop"),
    ("osdn/g", "/docs/osdn/g"),
    ("#1?.md 100%", "/docs/%231%3F.md%20100%25"),
    ("字体/思源 黑体", "/docs/%E5%AD%97%E4%BD%93/%E6%80%9D%E6%BA%90%20%E9%BB%91%E4%BD%93"),
    ("notes.md", "/docs/notes.md"),
];

#[tokio::test]
async fn any_id_has_a_page_that_every_list_links_to() {
    let entry = |id: &str| Entry { id: id.to_owned(), ..Entry::default() };
    let entries = ODD_IDS.iter().map(|(id, _)| entry(id)).collect();
    let site = TestSite::builder().content(&[]).entries(entries).tree(|_| ()).start().await;
    for (id, page) in ODD_IDS {
        assert_eq!(site.get(page).await.is(200).html().texts("h1"), [id]);
        assert!(
            site.get(&format!("/en{page}")).await.is(200).html().links().iter().any(|l| l == page)
        );
        for list in ["/", "/en/", "/docs/", "/en/status"] {
            let link = format!("{}{page}", if list.starts_with("/en") { "/en" } else { "" });
            assert!(site.get(list).await.html().links().contains(&link), "{list}: {link}");
        }
        assert!(site.get("/sitemap.xml").await.text().contains(&format!("example{page}<")));
        let slash = site.get(&format!("/en{page}/")).await.is(308);
        assert_eq!(slash.location(), format!("/en{page}"));
        if id.contains('/') {
            let (folder, rest) = page.trim_start_matches("/docs/").split_once('/').unwrap();
            let encoded = format!("/docs/{folder}%2f{}", rest.replace('/', "%2F"));
            assert_eq!(site.get(&encoded).await.is(308).location(), page);
            site.get(&format!("/docs/{folder}")).await.is(404);
        }
    }
}

#[tokio::test]
async fn a_page_without_a_guide_refuses_options() {
    let site = few().start().await;
    for page in ["/en/docs/alpha", "/en/docs/delta/child"] {
        site.get(page).await.is(200);
        let answer = site.get(&format!("{page}?release=sid")).await.is(400);
        assert_eq!(answer.text(), "400: There is no option “release”: this page has no options.\n");
    }
    let alias = site.get("/docs/Alfa?x=1").await.is(308);
    assert_eq!(alias.location(), "/docs/alpha?x=1");
}
