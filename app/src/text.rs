//! Every word of the interface, once, in both languages.
//!
//! A key without one of its languages does not compile. `{0}`, `{1}` are filled by
//! [`crate::format::fill`].

use crate::{
    history::{Event, Outcome},
    model::{Category, Consistency, FaultKind, Freshness, Lang, State, Warning},
};

macro_rules! texts {
    ($($key:ident: $zh:literal, $en:literal;)*) => {
        /// The interface in one language.
        pub struct Texts {
            $(#[doc = $en] pub $key: &'static str,)*
        }
        static ZH: Texts = Texts { $($key: $zh,)* };
        static EN: Texts = Texts { $($key: $en,)* };
    };
}

texts! {
    // header and footer
    skip_to_content: "跳到正文", "Skip to content";
    nav_label: "主导航", "Main";
    nav_mirrors: "镜像", "Mirrors";
    nav_docs: "帮助", "Help";
    nav_downloads: "下载", "Downloads";
    nav_search: "搜索", "Search";
    nav_status: "状态", "Status";
    nav_news: "新闻", "News";
    nav_about: "关于", "About";
    nav_faq: "常见问题", "FAQ";
    other_language: "English", "中文";
    theme_system: "配色：跟随系统", "Colours: as the system";
    theme_light: "配色：浅色", "Colours: light";
    theme_dark: "配色：深色", "Colours: dark";
    star_add: "收藏 {0}", "Add {0} to favourites";
    star_remove: "取消收藏 {0}", "Remove {0} from favourites";
    footer_contact: "联系", "Contact";
    footer_issues: "报告问题", "Report a problem";
    footer_software: "由 Mingjing 驱动", "Runs on Mingjing";
    footer_api: "接口", "API";
    footer_feed: "Atom 订阅", "Atom feed";
    footer_stats: "统计", "Statistics";
    footer_network: "网络自检", "Your network";
    notices: "通知", "Notices";

    // list
    list_title: "镜像列表", "Mirrors";
    list_count: "{0} 个镜像", "{0} mirrors";
    list_total: "共 {0}", "{0} in total";
    list_ok: "{0} 个最近一次同步成功", "{0} last synced without error";
    list_failed: "{0} 个失败", "{0} failed";
    list_shown: "显示 {0} / {1}", "{0} of {1} shown";
    list_fresh: "测得内容时间的 {1} 个中 {0} 个新鲜", "{0} of {1} measured are fresh";
    list_filter: "按名称筛选", "Filter by name";
    list_filter_button: "只筛选列表", "Filter the list";
    list_which_host: "我该用哪个", "Which suits me?";
    list_letters: "按首字母跳转", "Jump to a letter";
    list_layout: "版式", "Layout";
    layout_compact: "紧凑", "Compact";
    layout_details: "详细", "Detailed";
    list_category: "分类", "Category";
    list_state: "同步状态", "Sync state";
    list_sort: "排序", "Sort by";
    list_apply: "应用", "Apply";
    list_reset: "清除筛选", "Clear filters";
    list_none: "没有符合条件的镜像。", "No mirror matches.";
    list_favourites: "常用", "Most used";
    list_files: "文件", "Files";
    list_help: "使用帮助", "Help";
    list_info: "镜像信息", "Info";
    list_official: "官方收录的镜像", "Listed by the project as an official mirror";
    list_official_short: "官方", "official";
    all: "全部", "All";
    sort_name: "名称", "Name";
    sort_size: "大小", "Size";
    sort_success: "最近成功同步", "Last success";
    sort_content: "内容时间", "Content time";
    col_name: "镜像", "Mirror";
    col_content: "内容时间", "Content of";
    col_success: "上次成功", "Last success";
    col_state: "同步", "Sync";
    col_size: "大小", "Size";
    col_links: "链接", "Links";
    hero_placeholder: "例如 debian、ubuntu 24.04 desktop iso", "try debian, or ubuntu 24.04 desktop iso";

    // ages and unknowns
    just_now: "刚刚", "just now";
    never: "从未", "never";
    under_a_minute: "不到 1 分钟", "less than a minute";
    unknown: "未知", "unknown";
    not_measured: "未测量", "not measured";
    as_of: "状态记录于 {0}", "state recorded {0}";
    due: "即将开始", "due";
    recorded_notice: "同步状态为 {0} 的记录，仅供演示；文件与内容时间是本机真实的数据。", "The sync states are a recording of {0}, shown for demonstration; files and content times are real data of this machine.";

    // guides
    docs_title: "使用帮助", "Help";
    docs_lead: "每一段配置都由服务器生成，可以直接用 curl 取得。", "Every snippet is made by the server and can be fetched with curl.";
    docs_full: "完整指南", "Full guides";
    docs_topics: "其他工具", "Other tools";
    docs_pending: "指南编写中", "Guides being written";
    guide_options: "选项", "Options";
    guide_apply: "更新页面", "Update page";
    guide_copy: "复制", "Copy";
    guide_copied: "已复制", "Copied";
    guide_raw: "纯文本", "Plain text";
    guide_write_to: "写入 {0}", "Write to {0}";
    guide_append_to: "追加到 {0}", "Append to {0}";
    guide_as_root: "以 root 执行", "Run as root";
    guide_by_sudo: "需要管理员权限（sudo）", "Needs administrator rights (sudo)";
    guide_as_user: "以普通用户执行", "Run as yourself";
    guide_in_project: "在项目目录中执行", "Run in the project directory";
    guide_sample: "输出示例", "Sample output";
    guide_undo: "撤销", "Undo";
    guide_by_curl: "用一条命令写入", "In one command";
    guide_download: "下载", "Download";
    guide_changes: "会改动的文件", "Files that change";
    guide_last_choice: "用上次的选择", "Use my last choices";
    guide_eol: "已停止支持", "end of life";
    guide_eol_note: "所选版本已于 {0} 停止支持，不再有安全更新。", "The chosen release reached its end of life on {0}: no more security updates.";
    guide_checked: "已用 {0} 测试（{1}）", "Checked with {0} on {1}";
    guide_source: "本页源文件", "Source of this page";
    setup_summary: "用一行命令完成", "All of it in one line";
    setup_lead: "脚本由本页的片段生成：先列出要做的事并询问，改动前备份，可重复执行，也可以原样恢复。", "A script made of the snippets on this page: it shows what it will do and asks, keeps what was there, may run twice, and can take everything back.";
    setup_run: "执行", "Run";
    setup_print: "只看不做", "Only look";
    setup_undo: "恢复原样", "Take it back";
    setup_usage: "用法：{0} [--yes] [--print] [--undo]", "usage: {0} [--yes] [--print] [--undo]";
    setup_unknown: "不认识的参数：{0}", "unknown argument: {0}";
    setup_will_write: "写入 {0}：", "Write {0}:";
    setup_will_remove: "删除 {0}", "Remove {0}";
    setup_will_run: "执行：", "Run:";
    setup_ask: "继续吗？[y/N] ", "Go on? [y/N] ";
    setup_refused: "没有改动任何东西。", "Nothing was changed.";
    setup_done: "完成。要恢复原样，加上 --undo 再执行一次。", "Done. To take it back, run it again with --undo.";
    setup_undone: "已恢复原样。", "Everything is as it was.";
    setup_nothing_to_undo: "没有可恢复的：这个脚本没有在这里执行过。", "Nothing to take back: this script has not run here.";
    setup_taken_back: "出错了，已恢复原样。", "That failed; everything is as it was.";
    setup_need_root: "需要 root：把行尾的 sh 换成 sudo sh。", "This needs root: write sudo sh instead of sh at the end of the line.";
    setup_need_user: "这是用户自己的配置，请不要用 sudo 执行。", "This is your own configuration: run it without sudo.";
    setup_wrong_system: "这一页的选项不适用于本机（{0}），没有改动任何东西。", "The options of this page are for another system than this one ({0}); nothing was changed.";
    setup_missing: "找不到命令 {0}，没有改动任何东西。", "There is no {0} here; nothing was changed.";
    setup_read_only: "无法写入 {0}，没有改动任何东西。", "Cannot write {0}; nothing was changed.";
    setup_kept_in: "原有文件保存在 {0}", "What is there now is kept in {0}";
    guide_lacking: "本站没有", "not on this mirror";
    guide_lacking_note: "本站目前没有：{0}。选了会得到 404。", "Not on this mirror at the moment: {0}. With that choice downloads end in 404.";
    list_comma: "、", ", ";
    guide_markdown: "Markdown 版本", "As Markdown";
    guide_edit: "改进本页", "Improve this page";
    guide_reviewed: "最近校阅 {0}", "Reviewed {0}";
    guide_contents: "目录", "Contents";
    guide_pending: "这个镜像的使用指南正在编写中。下面是目前已知的信息。", "The guide for this mirror is being written. This is what is known so far.";
    guide_facts: "镜像信息", "About this mirror";
    guide_browse: "浏览文件", "Browse files";
    guide_on: "开", "on";
    guide_off: "关", "off";
    sudo_label: "命令前加 sudo", "Prefix commands with sudo";
    fact_path: "地址", "Address";
    fact_upstream: "上游", "Upstream";
    fact_rsync: "rsync", "rsync";
    fact_size: "大小", "Size";
    fact_state: "同步状态", "Sync state";
    fact_success: "上次成功同步", "Last successful sync";
    fact_attempt: "上次尝试", "Last attempt";
    fact_next: "下次同步", "Next sync";
    fact_content: "内容时间", "Content of";
    fact_interval: "预期间隔", "Expected interval";
    fact_homepage: "项目主页", "Project home";
    fact_official: "官方收录", "Official listing";
    fact_aliases: "别名", "Also known as";

    fact_against_upstream: "与上游相比", "Compared with upstream";
    fact_consistency: "完整性", "Consistency";
    in_step: "与上游一致", "in step with upstream";
    behind: "落后上游 {0}", "{0} behind upstream";
    behind_short: "落后 {0}", "{0} behind";
    upstream_of: "上游内容为 {0}", "upstream has content of {0}";
    upstream_unreachable: "最近一次询问上游失败：{0}", "the last request to the upstream failed: {0}";
    audit_counts: "{0} 个索引与 {1} 个软件包（抽样），检查于 {2}", "{0} indexes and a sample of {1} packages, checked {2}";
    audit_signed: "签名有效", "signatures good";
    audit_more: "另有 {0} 处", "and {0} more";

    // status
    status_title: "同步状态", "Sync status";
    status_lead: "“上次成功”是同步任务的说法，“内容时间”是镜像文件自己的说法。", "“Last success” is what the sync job says; “content of” is what the mirrored files say.";
    status_backends: "同步后端", "Backends";
    status_backend: "后端", "Backend";
    status_fetched: "取得时间", "Fetched";
    status_entries: "条目", "Entries";
    status_dropped: "无法读取", "Unreadable";
    status_answer: "应答", "Answer";
    status_ok: "正常", "ok";
    status_away: "暂时无法访问，显示最后一次有效数据", "away; the last good data is shown";
    status_none: "没有配置同步后端。", "No backend is configured.";

    // history of a mirror
    history_title: "同步历史：{0}", "Sync history of {0}";
    history_lead: "当前状态，以及最近 90 天的同步记录：{0}。", "{0}: the state now, and the runs of the last 90 days.";
    history_link: "同步历史", "Sync history";
    history_now: "当前状态", "Now";
    history_days: "最近 90 天", "Last 90 days";
    history_since: "自 {0} 起由本站记录；更早的来自后端自己的记录。", "Recorded by this site since {0}; what is earlier comes from the backend.";
    history_none: "还没有同步记录。本站看到下一次同步时就会开始记录。", "No run has been recorded yet. The next one that this site sees will be.";
    history_recording: "同步状态是 {0} 的记录，不是实时数据，因此没有同步历史。内容时间是实测的，它的变化会列在下面。", "The sync state is a recording of {0} and not live, so there is no history of runs. The content time is measured here; its changes are listed below.";
    history_broken: "历史记录暂时无法写入，以下内容可能不完整。", "History cannot be written at present; what follows may be incomplete.";
    history_rate: "成功率", "Success rate";
    history_rate_of: "{0}（{1} 次中成功 {2} 次）", "{0} ({2} of {1} runs)";
    history_runs: "同步次数", "Runs";
    history_mean: "平均用时", "Mean duration";
    history_growth: "大小变化", "Change of size";
    history_growth_of: "{0}，从 {1} 到 {2}", "{0}, from {1} to {2}";
    history_chart_runs: "每天的同步结果", "Runs by day";
    history_chart_runs_desc: "90 天，每天一格：成功的次数向上，失败的次数向下。共成功 {0} 次，失败 {1} 次。", "90 days, one bar a day: good runs point up, failed ones down. {0} good, {1} failed.";
    history_chart_durations: "每天的平均用时", "Mean duration by day";
    history_chart_durations_desc: "最短 {0}，最长 {1}。", "Shortest {0}, longest {1}.";
    history_chart_sizes: "镜像大小", "Size of the mirror";
    history_chart_sizes_desc: "最小 {0}，最大 {1}。", "Smallest {0}, largest {1}.";
    history_legend_ok: "成功", "good";
    history_legend_failed: "失败", "failed";
    history_by_day: "按天列出的数据", "The figures by day";
    history_day: "日期", "Day";
    history_ok: "成功", "Good";
    history_failed: "失败", "Failed";
    history_latest: "最近的同步", "Latest runs";
    history_ended: "结束时间", "Ended";
    history_outcome: "结果", "Outcome";
    history_duration: "用时", "Duration";
    history_size: "大小", "Size";
    history_changes: "状态变化", "Changes";
    history_no_changes: "没有状态变化。", "No changes.";
    history_json: "JSON", "JSON";
    history_feed: "Atom 订阅", "Atom feed";
    history_all: "所有镜像的状态", "Status of all mirrors";
    history_content: "内容", "Content";
    feed_status: "{0} – 镜像状态变化", "{0} – changes of mirrors";
    feed_mirror: "{0} – 状态变化：{1}", "{0} – changes of {1}";
    feed_entry: "{0}：{1}", "{0}: {1}";
    feed_summary: "{0}，{1}。同步状态：{2}；内容：{3}。", "{0}, {1}. Sync: {2}; content: {3}.";

    // alerts
    alert_title: "[{0}] {1}", "[{0}] {1}";
    alert_one: "{0}：{1}", "{0}: {1}";
    alert_many: "{0} 个{1}", "{0} {1}";
    alert_comma: "，", ", ";
    alert_heading: "{0}：", "{0}:";
    alert_name: "{0}（{1}）", "{0} ({1})";
    alert_line: "· {0}，自 {1}", "· {0}, since {1}";
    alert_line_ended: "· {0}，{1}", "· {0}, {1}";
    alert_success: "，上次成功 {0}", ", last success {0}";
    alert_content: "，内容时间 {0}", ", content of {0}";
    alert_answer: "，上次应答 {0}", ", last answer {0}";
    alert_more: "……另有 {0} 条", "… and {0} more";
    alert_still: "{0}（仍未恢复）", "still {0}";
    alert_failed: "同步失败", "failed";
    alert_recovered: "同步恢复", "recovered";
    alert_stale: "内容陈旧", "stale";
    alert_fresh: "内容恢复新鲜", "fresh again";
    alert_broken: "内容不完整", "inconsistent";
    alert_sound: "内容恢复完整", "consistent again";
    alert_gone: "不再列出", "no longer listed";
    alert_listed: "重新列出", "listed again";
    alert_away: "后端无法访问", "backend away";
    alert_back: "后端恢复应答", "backend answers again";
    alert_digest: "每日汇总", "Daily digest";
    alert_digest_counts: "{0} 个镜像，{1} 个同步失败，{2} 个内容陈旧。", "{0} mirrors, {1} failed, {2} stale.";
    alert_test: "测试消息", "Test message";
    alert_test_text: "能看到这条消息，说明告警配置正确。", "If you can read this, alerts arrive here.";

    // search
    search_title: "搜索", "Search";
    search_label: "搜索镜像、帮助和文件", "Search mirrors, help and files";
    search_files_title: "搜索文件", "Search files";
    search_button: "搜索", "Search";
    search_mirrors: "镜像", "Mirrors";
    search_guides: "帮助", "Help";
    search_files: "文件", "Files";
    search_only_files: "只看文件", "Files only";
    search_mirror: "限定镜像", "Within mirror";
    search_ext: "扩展名", "Extension";
    search_any: "不限", "any";
    search_empty: "输入几个词，顺序不限，例如 ubuntu 24.04 desktop iso。", "Type a few words in any order, for example: ubuntu 24.04 desktop iso.";
    search_nothing: "没有找到“{0}”。", "Nothing found for “{0}”.";
    search_without: "没有文件符合所有的词。以下结果不考虑“{0}”。", "No file matches every word. These are the results without “{0}”.";
    search_cut: "搜索被提前中止，请写得更具体一些。", "The search was cut short; please be more specific.";
    search_hits: "{0} 个文件，用时 {1} 毫秒", "{0} files in {1} ms";
    search_hits_more: "至少 {0} 个文件，用时 {1} 毫秒", "at least {0} files in {1} ms";
    search_no_index: "还没有建立文件索引。运维人员可以运行 mingjing index build。", "There is no file index yet. An operator makes one with: mingjing index build.";
    search_folder: "所在文件夹", "open folder";
    search_files_label: "文件名或路径", "File name or path";
    search_ext_example: "例如 iso", "e.g. iso";
    search_advice: "检查拼写，少写一两个词，或换一种写法；版本号只写开头也能找到。", "Check the spelling, leave out a word, or write it otherwise; the beginning of a version is enough.";
    search_all_mirrors: "所有镜像", "All mirrors";
    search_all_guides: "所有帮助", "All help pages";
    search_also: "相同的文件还在", "The same file is also in";
    search_more_places: "等另外 {0} 处", "and {0} more";
    search_in_folder: "搜索这个文件夹之下", "Search below this folder";
    search_below: "只在这个文件夹之下", "Only below this folder";
    search_understood: "按“{0}”搜索", "Searched for “{0}”";
    search_hint: "还可以写", "Also understood:";
    // What may be written, separated by bars.
    search_hint_examples: "\"完整短语\"|*.iso|mirror:debian|path:dists|size:>1G|after:2026-01|-排除|/正则表达式/", "\"exact phrase\"|*.iso|mirror:debian|path:dists|size:>1G|after:2026-01|-without|/regular expression/";
    search_literal_size: "“{0}”不是大小，按原文查找。写成 size:>1G 或 size:10M..2G。", "“{0}” is no size and was looked for as it stands; write size:>1G or size:10M..2G.";
    search_literal_time: "“{0}”不是日期，按原文查找。写成 after:2026-01 或 before:2026-01-31。", "“{0}” is no date and was looked for as it stands; write after:2026-01 or before:2026-01-31.";
    search_literal_pattern: "“{0}”不能当作模式，按原文查找。模式里要有三个相连的字母或数字。", "“{0}” cannot serve as a pattern and was looked for as it stands; a pattern needs three letters or digits in a row.";
    query_empty: "没有要查找的内容。", "There is nothing to look for.";
    query_only_excluded: "只写了要排除的词，请再写一个要查找的词。", "The query only excludes: add a word to look for.";
    query_too_long: "搜索内容有 {0} 个字符，最多 {1} 个。", "The query is {0} characters long; {1} are allowed.";
    query_too_many: "搜索内容有 {0} 个词，最多 {1} 个。", "The query has {0} words; {1} are allowed.";
    query_unknown_mirror: "文件索引里没有镜像“{0}”。", "The file index has no mirror “{0}”.";
    query_contradiction: "两个 {0} 条件互相矛盾，不会有结果。", "Two different {0} filters: nothing can match both.";
    query_unreadable: "文件索引暂时不能读取。", "The file index cannot be read at the moment.";

    // listing
    listing_index_of: "{0} 的内容", "Index of {0}";
    listing_name: "名称", "Name";
    listing_size: "大小", "Size";
    listing_time: "修改时间", "Modified";
    listing_parent: "上级目录", "Parent directory";
    listing_empty: "这个目录是空的。", "This directory is empty.";
    listing_folder: "文件夹", "folder";
    listing_truncated: "读取目录时出错，列表不完整：{0}", "Reading stopped with an error, this list is incomplete: {0}";
    listing_many: "这个目录的条目很多。", "This folder has many entries.";
    listing_by_pages: "分页查看", "Show it by pages";
    listing_page: "第 {0} / {1} 页，共 {2} 项。", "Page {0} of {1}, {2} entries in all.";
    listing_before: "上一页", "Previous";
    listing_after: "下一页", "Next";
    listing_readme: "说明文件", "Read me";
    breadcrumb: "所在位置", "You are here";

    // downloads
    downloads_title: "下载", "Downloads";
    downloads_lead: "系统安装镜像与常用软件，新版本在前；只列出本站现有的文件，并附校验值。", "Installer images and applications, new versions first: files that are here now, with their checksums.";
    downloads_os: "操作系统", "Operating systems";
    downloads_app: "应用软件", "Applications";
    downloads_font: "字体", "Fonts";
    downloads_filter: "筛选", "Filter";
    downloads_placeholder: "例如 ubuntu desktop、arm64", "try ubuntu desktop, or arm64";
    downloads_file: "文件", "File";
    downloads_date: "日期", "Date";
    downloads_check: "下载后在同一目录中执行，显示 OK 即为完整：", "Run this beside the downloaded file; it must say OK:";
    downloads_sums: "校验文件", "checksum file";
    downloads_sums_signature: "校验文件的签名", "its signature";
    downloads_signature: "签名", "signature";
    downloads_images: "安装镜像与下载", "Images and downloads";
    downloads_pending: "正在整理，请稍后再来。", "Being put together; please come back in a moment.";
    downloads_none: "本站没有可供下载的安装镜像或软件。", "This site has no installers or applications.";
    downloads_no_match: "没有符合条件的文件。", "No file matches.";

    // news and prose
    news_title: "新闻", "News";
    news_none: "还没有新闻。", "No news yet.";
    contents: "目录", "Contents";

    // API
    api_title: "接口文档", "API";
    api_document: "OpenAPI 文档", "OpenAPI document";
    api_example: "示例", "Example";
    api_parameter: "参数", "Parameter";
    api_parameters: "请求参数", "Parameters";
    api_fields: "字段", "Fields";
    api_answers: "应答", "Answers";
    api_field: "字段", "Field";
    api_type: "类型", "Type";
    api_meaning: "含义", "Meaning";
    api_status: "状态码", "Status";
    api_media: "媒体类型", "Media type";
    api_optional: "可选", "optional";
    api_objects: "对象", "Objects";
    api_problems: "错误", "Problems";
    api_kind: "种类", "Kind";
    api_list_of: "{0} 的列表", "list of {0}";

    // network
    network_title: "网络自检", "Your network";
    network_lead: "你的连接在本站看来是什么样，用哪个域名合适，为什么可能变慢。", "How this site sees your connection, which name suits it, and what may slow it down.";
    network_line: "{0}：{1}", "{0}: {1}";
    network_address: "你的地址", "Your address";
    network_family: "协议", "Protocol";
    network_campus: "校园网", "Campus network";
    network_inside: "在校园网内", "you are in it";
    network_outside: "在校园网外", "you are outside";
    network_both: "IPv4 与 IPv6", "IPv4 and IPv6";
    network_names: "本站的域名", "Names of this site";
    network_name: "域名", "Name";
    network_for_you: "对你", "For you";
    network_note: "说明", "Note";
    network_suits: "适合你", "suits you";
    network_usable: "可以使用", "works";
    network_campus_only: "仅限校内", "campus only";
    network_other_family: "只有 {0}，而你用的是 {1}", "{0} only; you came by {1}";
    network_limits: "限制", "Limits";
    network_limits_lead: "以下对每个地址生效（搜索与测速在 IPv6 下按 /64 计），超出时应答 429 或 503。", "These hold for each address (searches and speed tests: for each /64 of IPv6); what exceeds them is answered with 429 or 503.";
    network_limit_search: "搜索：长期每分钟 {0} 次，短时间内最多 {1} 次。", "Search: {0} a minute in the long run, {1} at once.";
    network_limit_images: "安装镜像（.iso、.img 等）：同时最多 {0} 个连接。多线程下载工具请调低线程数。", "Images (.iso, .img and so on): {0} connections at once. Set download managers to fewer.";
    network_limit_campus: "标明“仅限校内”的域名只应答校园网的地址。", "Names marked “campus only” answer addresses of the campus network alone.";
    network_limit_tests: "测速：每分钟 {0} 次，全站同时最多 {1} 个。", "Speed test: {0} a minute; {1} at once for everybody together.";
    network_speed: "测速", "Speed test";
    network_speed_lead: "下载一段随机数据，测量你到本站的速度。", "Download random data to see how fast this site reaches you.";
    network_download: "下载 {0} MB", "Download {0} MB";
    network_measured: "{0} Mbit/s", "{0} Mbit/s";
    network_by_curl: "在终端里测量（字节每秒）", "In a terminal, in bytes a second";

    // figures
    stats_title: "统计", "Statistics";
    stats_lead: "磁盘占用、请求与流量。从不保存 IP 地址。", "Disk use, requests and bandwidth. IP addresses are never kept.";
    stats_data: "{0}（{1}）", "{0} ({1})";
    stats_by_mirror: "按镜像", "By mirror";
    stats_by_day: "按天", "By day";
    stats_by_hour: "按小时", "By hour";
    stats_by_agent: "按客户端", "By client";
    stats_by_network: "按网络", "By network";
    stats_recent: "{0}，最近 {1} 天", "{0}, last {1} days";
    stats_disk: "磁盘占用", "Disk use";
    stats_disk_lead: "共 {0}：{2} 个镜像中 {1} 个的大小已知。", "{0} in total: the size of {1} of {2} mirrors is known.";
    stats_recorded: "大小来自 {0} 的同步状态记录。", "The sizes are from the sync states recorded on {0}.";
    stats_disk_days: "每天的磁盘占用", "Disk use by day";
    stats_disk_days_desc: "从 {0}（{1} 个镜像）到 {2}（{3} 个镜像）。", "From {0} (known of {1}) to {2} (known of {3} mirrors).";
    stats_known: "已知的镜像", "Mirrors known";
    stats_requests: "请求", "Requests";
    stats_requests_lead: "由访问日志统计，截至 {0}，共 {1} 行；另有 {2} 行无法统计。", "Counted from the access log up to {0}: {1} lines, and {2} that could not be counted.";
    stats_no_requests: "这里没有统计请求：没有配置访问日志，或日志中还没有内容。", "Requests are not counted here: no access log is configured, or nothing is in it yet.";
    stats_requests_days: "每天的请求数", "Requests by day";
    stats_bytes_days: "每天的发送量", "Bytes sent by day";
    stats_chart_desc: "90 天共 {0}，最多的一天 {1}。", "{0} in 90 days, {1} on the day with the most.";
    stats_agent: "客户端", "Client";
    stats_network: "网络", "Network";
    stats_inside: "校内", "campus";
    stats_outside: "校外", "elsewhere";
    stats_own_pages: "本站页面与不存在的路径", "Pages of the site, and paths of no mirror";
    stats_col_requests: "请求", "Requests";
    stats_col_partial: "部分", "Partial";
    stats_col_errors: "错误", "Errors";
    stats_col_bytes: "发送", "Sent";
    stats_bandwidth: "带宽", "Bandwidth";
    stats_bandwidth_lead: "网络接口 {0}，每分钟读取一次。", "Interface {0}, read each minute.";
    stats_bandwidth_prometheus: "Prometheus 的计数器，每分钟读取一次。", "Counters of Prometheus, read each minute.";
    stats_no_bandwidth: "这里没有测量带宽。", "Bandwidth is not measured here.";
    stats_bandwidth_hours: "每小时的平均发送速率", "Mean rate of sending by hour";
    stats_bandwidth_desc: "七天平均 {0}，最快的一分钟 {1}。", "{0} on average in seven days, {1} in the fastest minute.";
    stats_hour: "小时", "Hour";
    stats_sent: "发送", "Sent";
    stats_received: "接收", "Received";
    stats_rate: "平均速率", "Mean rate";
    stats_peak: "最快的一分钟", "Fastest minute";
    agent_browser: "浏览器", "browsers";
    agent_bot: "爬虫与监控", "crawlers and monitors";
    agent_other: "其他", "others";

    // badges
    badge_content: "{0} · 内容 {1}", "{0} · content {1}";
    badge_success: "{0} · 上次成功 {1}", "{0} · last success {1}";
    badge_no_mirror: "没有这个镜像", "no such mirror";

    // errors
    error_400: "请求有误", "Bad request";
    error_401: "需要令牌", "Token needed";
    error_403: "不能访问", "Not available";
    error_404: "没有找到", "Not found";
    error_429: "请求过于频繁", "Too many requests";
    error_too_many: "短时间内搜索太多，请在 {0} 秒后再试。", "Too many searches in a short time; please try again in {0} seconds.";
    error_too_many_tests: "短时间内测速太多，请在 {0} 秒后再试。", "Too many speed tests in a short time; please try again in {0} seconds.";
    error_busy: "其他人正在测速，请在 {0} 秒后再试。", "Others are measuring at the moment; please try again in {0} seconds.";
    error_405: "不支持的方法", "Method not allowed";
    error_500: "服务器出错了", "Something broke here";
    error_503: "服务器正忙", "Busy";
    error_unknown_path: "这里没有“{0}”。", "There is no “{0}” here.";
    error_bad_path: "这个地址写法不对：{0}", "This address is malformed: {0}";
    path_dots: "地址中不能有 . 或 ..", "“.” and “..” are not followed";
    path_empty: "地址中有连续的斜线", "it has two slashes in a row";
    path_slash: "地址中有编码过的斜线", "it has an encoded slash";
    path_nul: "地址中有 NUL 字节", "it has a NUL byte";
    path_not_text: "不是 UTF-8", "it is not UTF-8";
    error_private: "这个文件或目录不对外公开。", "This file or directory is not open to the public.";
    error_outside: "这个链接指向镜像之外，因此不提供。", "This link leads outside of the mirror and is not served.";
    error_no_token: "需要令牌：Authorization: Bearer …", "A token is needed: Authorization: Bearer …";
    error_wrong_token: "令牌不对。", "This is not the token.";
    error_internal: "原因已写入日志，请稍后再试。", "The cause has been logged. Please try again later.";
    error_unknown_mirror: "没有名为“{0}”的镜像。", "There is no mirror called “{0}”.";
    error_unknown_option: "没有名为“{0}”的选项。可用的选项：{1}", "There is no option “{0}”. Valid options: {1}";
    error_no_options: "没有名为“{0}”的选项：这一页没有选项。", "There is no option “{0}”: this page has no options.";
    error_unknown_value: "选项“{0}”没有“{1}”这个值。可用的值：{2}", "Option “{0}” has no value “{1}”. Valid values: {2}";
    error_no_snippet: "这个指南没有名为“{0}”的片段。已有的片段：{1}", "This guide has no snippet “{0}”. Snippets: {1}";
    error_hidden_snippet: "片段“{0}”在所选选项下不适用，条件是：{1}", "Snippet “{0}” does not apply to these options; its condition is: {1}";
    error_bad_parameter: "参数“{0}”的值“{1}”无效。可用的值：{2}", "Parameter “{0}” cannot be “{1}”. Valid values: {2}";
    error_unknown_parameter: "没有名为“{0}”的参数。可用的参数：{1}", "There is no parameter “{0}”. Valid parameters: {1}";
    error_no_parameters: "没有名为“{0}”的参数：这个地址不接受参数。", "There is no parameter “{0}”: this address takes none.";
    error_repeated_parameter: "参数“{0}”只能出现一次。", "Parameter “{0}” may be there only once.";
    error_guide_broken: "这一页的源文件有错误，暂时无法显示：{0}", "The source of this page has a mistake, so it cannot be shown for now: {0}";
    error_no_guide: "“{0}”还没有指南，没有可取的片段。", "There is no guide for “{0}” yet, so it has no snippets.";
    error_listing_method: "只接受 GET 与 HEAD。", "Only GET and HEAD are accepted here.";
    error_ways_out: "可以试试", "Try instead";
    error_to_parent: "最近的上级目录 {0}", "The nearest existing folder, {0}";
    error_to_search: "搜索“{0}”", "Search for “{0}”";
    error_to_list: "全部镜像", "All mirrors";
    error_to_docs: "使用帮助", "Help";
    error_elsewhere: "同名的文件", "Files of this name elsewhere";
    error_410: "已经移除", "Gone";
    error_removed: "镜像“{0}”已经移除。{1}", "The mirror “{0}” was removed. {1}";
    error_removed_on: "镜像“{0}”已于 {2} 移除。{1}", "The mirror “{0}” was removed on {2}. {1}";
    error_instead: "请改用 {0}", "Use {0} instead";
    error_to_federation: "在{1}查找“{0}”", "Look for “{0}” at {1}";
    error_to_guide: "{0} 的帮助", "Help for {0}";
}

impl Lang {
    /// The interface in this language.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::Zh => &ZH,
            Self::En => &EN,
        }
    }
}

impl State {
    /// The word shown beside the mark.
    pub fn word(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Success => ("成功", "ok"),
            Self::Syncing => ("同步中", "syncing"),
            Self::Pending => ("排队中", "queued"),
            Self::Failed => ("失败", "failed"),
            Self::Paused => ("已暂停", "paused"),
            Self::Cached => ("缓存代理", "cache"),
            Self::Proxied => ("反向代理", "proxy"),
            Self::Unknown => ("未知", "unknown"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

impl Warning {
    /// The words shown beside the state.
    pub fn words(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::MaxDelete, Lang::Zh) => "删除已达上限，旧文件未清",
            (Self::MaxDelete, Lang::En) => "deletion limit reached, old files remain",
        }
    }
}

impl Freshness {
    /// The word shown beside the mark.
    pub fn word(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Fresh => ("新鲜", "fresh"),
            Self::Late => ("略迟", "late"),
            Self::Stale => ("陈旧", "stale"),
            Self::Expired => ("已过期", "expired"),
            Self::Unknown => ("未测量", "not measured"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

impl Consistency {
    /// The word shown beside the mark.
    pub fn word(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Sound => ("完整", "sound"),
            Self::HalfSynced => ("同步未完成", "half-synced"),
            Self::Broken => ("损坏", "broken"),
            Self::Unknown => ("未检查", "not checked"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

impl FaultKind {
    /// What is wrong, for people.
    pub fn word(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::BadSignature => ("签名无效", "bad signature"),
            Self::Expired => ("已过有效期", "expired"),
            Self::BadRelease => {
                ("缺少或无法识别发布文件", "release file missing or unintelligible")
            }
            Self::MissingIndex => ("缺少索引", "missing index"),
            Self::IndexSize => ("索引大小不符", "index of wrong size"),
            Self::IndexHash => ("索引校验和不符", "index with wrong hash"),
            Self::MissingPackage => ("缺少软件包", "missing package"),
            Self::PackageSize => ("软件包大小不符", "package of wrong size"),
            Self::PackageHash => ("软件包校验和不符", "package with wrong hash"),
            Self::Unreadable => ("无法读取", "unreadable"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

impl Event {
    /// What happened.
    pub fn word(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Failed => ("同步失败", "sync failed"),
            Self::Recovered => ("同步恢复", "sync recovered"),
            Self::Stale => ("内容陈旧", "content stale"),
            Self::Fresh => ("内容恢复新鲜", "content fresh again"),
            Self::Paused => ("已暂停", "paused"),
            Self::Resumed => ("不再暂停", "resumed"),
            Self::New => ("新列出", "newly listed"),
            Self::Gone => ("不再列出", "no longer listed"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

impl Outcome {
    /// The state that is shown by the same mark and word.
    pub const fn state(self) -> State {
        match self {
            Self::Success => State::Success,
            Self::Failed => State::Failed,
        }
    }
}

impl Category {
    /// The name of the shelf.
    pub fn word(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::System => ("操作系统", "Systems"),
            Self::Image => ("安装镜像", "Images"),
            Self::Language => ("语言与科学", "Languages"),
            Self::Application => ("应用软件", "Applications"),
            Self::Other => ("其他", "Other"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}
