"""What import and export tell, in Chinese."""

WORDS = {
    "importing": "正在导入",
    "exporting": "正在导出",
    # What becomes of notes
    "{count} {count:entry|entries}, {loose} {loose:line|lines} in none": "{count} 个条目，{loose} 行不属于任何条目",
    "{count} {count:entry|entries} would be written to {folder}; leave --dry-run out": (
        "会有 {count} 个条目写入 {folder}；去掉 --dry-run 即可写入"
    ),
    "{count} {count:entry|entries} written; kb list --deck {folder:typed}": (
        "写入了 {count} 个条目；kb list --deck {folder:typed}"
    ),
    "{count} {count:file|files} would be written to {folder}; leave --dry-run out": (
        "会有 {count} 个文件写入 {folder}；去掉 --dry-run 即可写入"
    ),
    "{count} {count:file|files} written to {folder}; kb list --deck {folder:typed}": (
        "写入了 {count} 个文件到 {folder}；kb list --deck {folder:typed}"
    ),
    "no file is new to {folder}": "没有 {folder} 里还没有的文件",
    "{path} is an exported deck, which is imported alone": "{path} 是导出的知识库，要单独导入",
    "give each a command of its own": "请每个文件用一条命令",
    "{path} is no deck that kb export json wrote": "{path} 不是 kb export json 写出的知识库",
    "give it, or Markdown files": "请给这样的文件，或 Markdown 文件",
    "{folder} is another deck than {path}, and cannot take its answers": (
        "{folder} 与 {path} 不是同一个知识库，不能接收它的答题记录"
    ),
    "name another folder, or export without --log": "请换一个文件夹，或不带 --log 重新导出",
    "{folder} has all of them already": "{folder} 里已经全部都有",
    "nothing in it looks like an entry": "其中没有看起来像条目的内容",
    "write something into it": "请先在里面写些内容",
    "there already, to the letter": "已经有了，一字不差",
    "there already, with another text": "已经有了，但内容不同",
    "{number} is taken; it got {other}": "编号 {number} 已被占用，改为 {other}",
    "{other} has the same title and another text; this got {number}": (
        "条目 {other} 的标题相同，内容不同；这一条的编号是 {number}"
    ),
    "the translation of {number}: {title}": "条目 {number}“{title}”的译文",
    "only the translation has it": "只有译文里有",
    "in {language} and the translation of none: it stands in {primary}.md, which every entry has, and so do others; "
    "a deck of their own keeps them apart": (
        "语言是 {language}，又不是任何条目的译文：它和其他同样情况的条目写在每个条目都有的 {primary}.md 里；"
        "要分开，请另建一个知识库"
    ),
    "line {line} of the entry is not in its script: {why}": "条目第 {line} 行的代码没有放进脚本：{why}",
    "a dialogue with the interpreter": "是与解释器的对话",
    "commands of a notebook": "是 notebook 的命令",
    "no Python: {error}": "不是 Python：{error}",
    "larger than {most} MB, which no entry may be": "超过 {most} MB，条目不能这么大",
    "in no entry: {why}": "不属于任何条目：{why}",
    "{count} more like it: --all": "还有 {count} 行同样的情况：--all",
    "before the first question": "在第一个问题之前",
    "a chapter's heading, and what stands below it": "章标题及其下的文字",
    "a mark of HTML around an entry": "包在条目外面的 HTML 标记",
    "the heading of the questions, which became cards": "问题部分的标题，这些问题成了卡片",
    "code that is never closed; it ends before line {line} now": "代码块没有结束标记；现在在第 {line} 行之前结束",
    "{text!r} looks like a comment of code outside of any; it stays text": (
        "{text!r} 像是代码块之外的代码注释；仍按文字处理"
    ),
    "{text!r} looks numbered; it was taken for a part of the text": "{text!r} 像是带编号的标题；当作正文的一部分",
    "{text!r} begins the questions of an entry; it got a full stop": "{text!r} 是条目里测验部分的标题；加了一个句点",
    "{number} is missing behind {above}": "{above} 之后缺少 {number}",
    "{first} to {last} are missing behind {above}": "{above} 之后缺少 {first} 到 {last}",
    "front matter, which is for another program": "文件开头的元数据，供别的程序使用",
    "{number} stands in the list and never comes": "{number} 在目录里，正文中却没有",
    "{number} begins again in another chapter; it gets a number of its own": (
        "编号 {number} 在另一章里重新开始；另给一个编号"
    ),
    "the image {path} does not come along; its words do": "图片 {path} 没有带过来，说明文字带过来了",
    "the deck has {other} under that number": "知识库中这个编号是 {other}",
    "its folder is a link to somewhere else": "它的文件夹是指向别处的链接",
    # What goes wrong
    "no deck is named": "没有指定知识库",
    "kb import {file} --into mydeck": "kb import {file} --into mydeck",
    "{path} is the built-in deck": "{path} 是内置的知识库",
    "name a folder of your own": "请指定你自己的文件夹",
    "name one, or one that is to be made": "请指定一个文件夹，或者一个将要新建的文件夹",
    "{path} is no folder": "{path} 不是文件夹",
    "{path} holds other things and is no deck": "{path} 里有别的东西，而且不是知识库",
    "name an empty folder, or one that is to be made": "请给一个空文件夹，或者一个将要新建的文件夹",
    "{path} is in {language}, which the deck does not have": "{path} 的语言是 {language}，知识库没有这种语言",
    "add it to languages in deck.toml, or name one of them with --written-in": (
        "请把它加进 deck.toml 的 languages，或用 --written-in 指定其中一种"
    ),
    "{name!r} is no language's name": "{name!r} 不是语言名称",
    "give en, zh or the like": "请写 en、zh 之类",
    "no number is left above {most}": "{most} 以上没有编号可用了",
    "give the entries smaller ones": "请给条目更小的编号",
    "{path} is no ordinary file": "{path} 不是普通文件",
    "name a file": "请给一个文件",
    "{path} is larger than {most} MB": "{path} 超过 {most} MB",
    "split it into several files": "请拆成几个文件",
    "{path} is no text in UTF-8, UTF-16 or GB18030": "{path} 不是 UTF-8、UTF-16 或 GB18030 编码的文本",
    "save it as UTF-8": "请另存为 UTF-8",
    "{path} is no whole export": "{path} 不是完整的导出文件",
    "export the deck once more": "请重新导出这个知识库",
    "{path} has no files of a deck": "{path} 里没有知识库的文件",
    "{path} names a file {name!r}, which no deck has": "{path} 里有文件 {name!r}，知识库不会有这样的文件",
    "nothing was written": "什么也没有写入",
    "{path} has events that are no lines of a log": "{path} 里的事件不是日志的行",
    "export it once more": "请重新导出",
    # A new entry
    "{number} is taken by {name}": "编号 {number} 已被 {name} 占用",
    "choose another number": "请换一个编号",
    "{number} is in none of the deck's chapters": "{number} 不在知识库的任何一章里",
    "add it to deck.toml, or choose another": "请把它加进 deck.toml，或换一个",
    "{slug!r} is no name for a folder": "{slug!r} 不能作文件夹名",
    "write it {better}": "请写成 {better}",
    "kb new {number} {slug} --deck mydeck": "kb new {number} {slug} --deck mydeck",
    "{folder} written; kb check {deck:typed}, kb trust {deck:typed} --always, kb run {number} --deck {deck:typed}": (
        "写好了 {folder}；kb check {deck:typed}，kb trust {deck:typed} --always，kb run {number} --deck {deck:typed}"
    ),
    # Export
    "kb exports no {form!r}": "kb 不能导出 {form!r}",
    "{form} holds no answers": "{form} 里不存答题记录",
    "leave --log out": "请去掉 --log",
    "json holds a whole deck": "json 存的是整个知识库",
    "leave {words} out": "请去掉 {words}",
    "nothing says where to": "没有说写到哪里",
    "add --out {name}": "请加上 --out {name}",
    "one file holds one entry": "一个文件只放一个条目",
    "name a folder after --out, or one entry": "请在 --out 后写文件夹，或只选一个条目",
    "name one after --out": "请在 --out 后写一个文件夹",
    "name a file, as {path}/deck{suffix}": "请给一个文件，例如 {path}/deck{suffix}",
    "{path} is a folder": "{path} 是文件夹",
    "{path} cannot be exported: {error}": "无法导出 {path}：{error}",
    "name another": "请换一个",
    "{path} lies in the deck {deck}": "{path} 在知识库 {deck} 里",
    "name a path outside of it after --out": "请在 --out 后写一个不在其中的路径",
    "{path} was not written by kb export {form}": "{path} 不是 kb export {form} 写的",
    "name another after --out": "请在 --out 后换一个",
    "{path} was changed after kb wrote it": "kb 写出 {path} 之后，它被改动过",
    "move it away, or name another after --out": "请把它移走，或在 --out 后换一个",
    "{path} holds other things": "{path} 里有别的东西",
    "name a new or an empty folder after --out": "请在 --out 后写一个新的或空的文件夹",
    "{path} holds another deck": "{path} 里是另一个知识库",
    "name another file after --out": "请在 --out 后换一个文件",
    "{path} holds answers, which this export leaves out": "{path} 里有答题记录，而这次导出不含",
    "add --log, or name another after --out": "请加上 --log，或在 --out 后换一个",
    "{path} holds {count} {count:answer|answers} that your log has not": "{path} 里有 {count} 条答题记录不在日志里",
    "take them in with kb import, or name another after --out": "请用 kb import 收进来，或在 --out 后换一个",
    "{count} {count:piece|pieces} written to {path}": "写入了 {count} 项：{path}",
    # The pages
    "search": "搜索",
    "copy": "复制",
    "copied": "已复制",
    "{count} found": "找到 {count} 条",
    "not right": "不对",
    "the answer": "答案",
    "to the text": "跳到正文",
    "The script": "脚本",
    "What it printed": "它的输出",
    "Questions": "测验",
    "verified with torch {torch} on {device}": "已用 torch {torch} 在 {device} 上验证",
    # Their help
    "Make entries of notes in Markdown; what lies in the deck already is never changed.": (
        "把 Markdown 笔记变成条目；知识库里已有的内容绝不改动。"
    ),
    "Write a new entry that passes the check, and says in every part what belongs there.": (
        "写一个能通过检查的新条目，每一部分都说明该写什么。"
    ),
    "The entry's number.": "条目的编号。",
    "A short name in small letters, as layer-norm.": "小写字母的短名称，例如 layer-norm。",
    "The deck's folder; KB_DECK names it too.": "知识库的文件夹；也可用 KB_DECK 指定。",
    "an entry in a deck of your own, which is made if there is none": "在你自己的知识库里新建条目，没有就新建知识库",
    "see that its form is right": "检查格式是否正确",
    "run everything in it": "运行其中的一切",
    "Markdown files, or one deck as kb export json writes it.": "Markdown 文件，或者 kb export json 写出的一个知识库。",
    "The deck: a new folder, or one.": "知识库：新文件夹，或已有的知识库。",
    "Tell what would be written, and write nothing.": "只说会写什么，不写入。",
    "Language of the notes; told by their letters if left out.": "笔记的语言；省略时按文字判断。",
    "Show every line that is in no entry.": "列出不属于任何条目的每一行。",
    "what it would make of your notes": "看看你的笔记会变成什么",
    "write the deck, or add to it": "写成知识库，或加进已有的知识库",
    "the same numbers in two languages become one entry": "两种语言里编号相同的合成一个条目",
    "use it": "使用它",
    "Write a deck, or some of its entries, in a form that other programs read.": (
        "把知识库或其中一些条目写成其他程序能读的形式。"
    ),
    "anki, html, json or notebook.": "anki、html、json 或 notebook。",
    "Numbers, or words that find them; all if left out.": "编号，或能找到条目的词；省略则为全部。",
    "The file or folder to write.": "要写入的文件或文件夹。",
    "With what you answered: its state (anki), its events (json).": "附带你的答题：状态（anki）或事件（json）。",
    "questions as Anki asks them; a second import updates them": "供 Anki 使用的问题；再次导入会更新",
    "with what you remember of them": "附带你的记忆状态",
    "a site that needs no server, with search and questions": "不需要服务器的网站，带搜索和测验",
    "entry 61 as a Jupyter notebook": "把条目 61 写成 Jupyter notebook",
    "everything; kb import makes the same deck of it": "全部内容；kb import 可还原成同样的知识库",
    # The scripts of notes
    "Run each entry's script, too, once you have said that it may; tell which fail.": (
        "再运行每个条目的脚本（先征得你同意），并说明哪些失败。"
    ),
    "and tell which of their scripts run": "并说明其中哪些脚本能运行",
    "--dry-run writes nothing that could be run": "--dry-run 不写入，没有可运行的内容",
    "leave --run or --dry-run out": "去掉 --run 或 --dry-run",
    "their code runs once you trust it: kb trust {folder:typed}": (
        "其中的代码在你信任之后才会运行：kb trust {folder:typed}"
    ),
    "runs, {seconds} s": "能运行，{seconds} 秒",
    "fails": "失败",
    # Listed decks
    "List your own decks: kb search looks there, too, and mydeck:12 is an entry of one.": (
        "列出你自己的知识库：kb search 也会搜索它们，mydeck:12 是其中的条目。"
    ),
    "A deck's folder; with --drop its name will do.": "知识库的文件夹；用 --drop 时写名称也行。",
    "What it is called; its folder's name if left out.": "它的名称；省略则用文件夹名。",
    "List it no more.": "不再列出。",
    "list them": "列出它们",
    "from now on kb search looks there, too; its entries are mydeck:12": (
        "此后 kb search 也会搜索它；其条目写作 mydeck:12"
    ),
    "under another name": "另起一个名称",
    "list it no more; its files stay": "不再列出；文件保留",
    "{path} cannot be read: {why}": "{path} 无法读取：{why}",
    'write [decks], and below it a line for each: notes = "~/notes"': '写上 [decks]，下面每个一行：notes = "~/notes"',
    "{path} cannot be written: {why}": "{path} 无法写入：{why}",
    "mend its permissions": "修正其权限",
    "{first} and {second} are two decks": "{first} 和 {second} 是两个知识库",
    "name entries of one at a time": "一次只写一个知识库的条目",
    "{name}: and --deck name two decks": "{name}: 和 --deck 指了两个知识库",
    "leave one of them out": "去掉其中一个",
    "kb decks ~/notes/mydeck": "kb decks ~/notes/mydeck",
    "no deck is listed; kb decks DIR lists one": "没有列出任何知识库；用 kb decks DIR 列出",
    "{name!r} is no name for a deck": "{name!r} 不能作知识库的名称",
    "give it another with --name: a letter, then letters, digits, - and _": (
        "用 --name 另起一个：以字母开头，其后为字母、数字、- 和 _"
    ),
    "{name} is another deck: {path}": "{name} 是另一个知识库：{path}",
    "give it another --name": "用 --name 另起一个名称",
    "{path} is {name}: now; kb search looks there, too": "{path} 现在是 {name}:；kb search 也会搜索它",
    "{path} is {name}: now, and {old} no more": "{path} 现在是 {name}:，不再是 {old}",
    "{path} is the built-in deck, which is always there": "{path} 是内置的知识库，始终都在",
    "list one of your own": "请列出你自己的知识库",
    "the deck {name} is not at {path} any more": "知识库 {name} 已不在 {path}",
    "list it at its new place (kb decks DIR --name {name}), or no more (kb decks {name} --drop)": (
        "请按新位置列出（kb decks DIR --name {name}），或不再列出（kb decks {name} --drop）"
    ),
    (
        "{count} {count:complaint|complaints} about the form, for which something may be left out;"
        " kb check{deck} lists {count:it|them}"
    ): "格式上有 {count} 处问题，可能因此略去了一些内容；kb check{deck} 会列出",
    "not there any more": "已不在那里",
    "{name} is not listed": "{name} 没有列出",
    "no deck {name} is listed": "没有列出名为 {name} 的知识库",
    "no question is named": "没有指定题目",
    "name it as 61/its-id, or all of an entry: 61": "写作 61/its-id，或用 61 指整个条目",
    "write {nearest}:{number}": "应写作 {nearest}:{number}",
    "kb decks shows those that are": "kb decks 显示已列出的",
    "{name} is listed no more; its files stay": "{name} 不再列出；文件保留",
    "{deck}: {due} due; kb quiz {deck}:": "{deck}：{due} 题到期；kb quiz {deck}:",
    "what is due in a deck of yours that kb decks lists": "kb decks 所列知识库中到期的题目",
    "A deck's folder; the built-in one, and those that kb decks lists, if left out.": (
        "知识库的文件夹；省略则为内置知识库和 kb decks 所列的知识库。"
    ),
    "the built-in deck, and your own that are listed": "内置知识库，以及你列出的知识库",
    # Trust
    "Let a deck's code run. Shows it and asks first; nothing of it runs before.": (
        "允许运行知识库的代码。先列出并询问；在此之前一行也不会运行。"
    ),
    "The deck; all that you trust if left out.": "知识库；省略则列出你信任的全部。",
    "Show every line that would be trusted, and do not ask.": "列出将要信任的每一行，不询问。",
    "Trust what changes in it later, too.": "以后的改动也一并信任。",
    "Trust nothing of it any more.": "不再信任其中任何代码。",
    "show what of it would run, and ask": "列出其中会运行的代码，并询问",
    "show every line of that": "列出其中每一行",
    "whatever changes in it: for a deck that you write yourself": "无论怎么改都信任：用于你自己写的知识库",
    "nothing of it runs any more": "其中的代码不再运行",
    "list the decks that you trust": "列出你信任的知识库",
    "the code of {deck} is not trusted, so nothing of it runs": "{deck} 的代码未被信任，因此没有运行",
    "kb trust {deck:typed} shows it and asks": "kb trust {deck:typed} 会列出代码并询问",
    "the code of entry {number} is not trusted, so nothing of it runs": "条目 {number} 的代码未被信任，因此没有运行",
    "kb trust shows a deck's code and asks": "kb trust 会列出知识库的代码并询问",
    "the code of {deck} is not trusted: what asks for a run is left out; kb trust {deck:typed} shows it and asks": (
        "{deck} 的代码未被信任：需要运行答案的题目已略去；kb trust {deck:typed} 会列出代码并询问"
    ),
    "--withdraw goes alone": "--withdraw 只能单独使用",
    "leave --code and --always out": "去掉 --code 和 --always",
    "kb trust mydeck": "kb trust mydeck",
    "kb trust asks first, and there is no terminal": "kb trust 要先询问，而这里没有终端",
    "nothing is trusted that was not before": "没有新增任何信任",
    "kb trust {deck:typed} asks again": "kb trust {deck:typed} 会再次询问",
    "whatever changes": "无论怎么改",
    "no deck but the built-in one is trusted": "除内置知识库外没有信任任何知识库",
    "nothing of {deck} runs": "{deck} 的代码不再运行",
    "nothing of {deck} was trusted": "{deck} 本来就未被信任",
    "the code of {deck} may run, whatever changes": "{deck} 的代码可以运行，无论怎么改",
    "the code of {deck} may run as it is": "{deck} 的代码可以按现在的样子运行",
    "answer y for yes, n for no": "请回答：y 或“是”，n 或“否”",
    "Trust it, and let it run?": "信任并允许运行？",
    "code that is not trusted yet": "尚未信任的代码",
    "changed since it was trusted": "信任之后有改动",
    "never trusted": "从未信任",
    "{scripts} {scripts:script|scripts}, {count} {count:line|lines}": "{scripts} 段代码，{count} 行",
    "It imports: {names}": "它导入：{names}",
    "Nothing isolates it on this system: it runs as you, with your files and your network.": (
        "本系统没有隔离：它以你的身份运行，能用你的文件和网络。"
    ),
    "kb trust {deck:typed} --code shows every line": "kb trust {deck:typed} --code 列出每一行",
    "ran to its end, nothing was checked": "运行到结尾，没有检查任何内容",
}
