//! Guides that belong to no mirror.

use crate::harness::{FEW, GAMMA_EN, TestSite};

const GUIDE: (&str, &str) = (
    "guides/tool/guide.toml",
    "name = { zh = \"工具\", en = \"The tool\" }\ndescription = { zh = \"一件工具。\", en = \"A tool.\" }\n\
     aliases = [\"hammer\"]\nkeywords = [\"nails\"]\n",
);
const ZH: (&str, &str) = (
    "guides/tool/help.zh.md",
    "+++\ntitle = \"工具的用法\"\n[[option]]\nid = \"o\"\ntoggle = false\n+++\n\n正文。\n\n```sh id=go run=user\ntool{{ \" -o\" if o }}\n```\n",
);
const EN: (&str, &str) = (
    "guides/tool/help.en.md",
    "+++\ntitle = \"Using the tool\"\n+++\n\nText.\n\n```use id=go\n```\n",
);

async fn site() -> TestSite {
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN, GUIDE, ZH, EN]).collect();
    TestSite::builder().content(&files).tree(|_| ()).start().await
}

#[tokio::test]
async fn a_guide_without_a_mirror_has_a_page_and_no_state() {
    let site = site().await;
    let page = site.get("/en/docs/tool?o=on").await.is(200).html();
    assert_eq!(page.texts("h1"), ["Using the tool"]);
    assert_eq!(page.code("code-go"), "tool -o\n");
    let text = page.main().visible();
    assert!(text.contains("A tool.") && !text.contains("Last success"), "{text}");
    assert_eq!(site.get("/docs/tool/go").await.is(200).text(), "tool\n");
    assert!(site.get("/docs/tool.md").await.is(200).text().starts_with("# 工具的用法\n"));
    assert_eq!(site.get("/docs/tool/options.json").await.is(200).json()["id"], "tool");
    assert_eq!(site.get("/docs/Hammer?o=on").await.is(308).location(), "/docs/tool?o=on");
    site.get("/docs/tool?x=1").await.is(400);
}

#[tokio::test]
async fn it_is_found_where_guides_are_looked_for() {
    let site = site().await;
    let links = async |path: &str| site.visit(path).await.is(200).html().main().links();
    for path in ["/en/docs/", "/en/search?q=nails", "/en/search?q=tool"] {
        assert!(links(path).await.iter().any(|link| link == "/en/docs/tool"), "{path}");
    }
    assert!(site.get("/sitemap.xml").await.is(200).text().contains("/docs/tool<"));
    assert!(!links("/en/").await.iter().any(|link| link == "/en/docs/tool"), "it is no mirror");
}
