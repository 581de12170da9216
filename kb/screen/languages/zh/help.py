"""What ``--help`` shows, in Chinese."""

WORDS = {
    "Usage: ": "用法：",
    "COMMAND": "命令",
    "OPTIONS": "选项",
    "VALUE": "值",
    "Arguments": "参数",
    "Options": "选项",
    "Options of every command": "通用选项",
    "Examples": "示例",
    "Show this text.": "显示本帮助。",
    "An executable PyTorch knowledge base: search it, run it, be asked.": "可执行的 PyTorch 知识库：搜索、运行、测验。",
    "Find and read": "查找与阅读",
    "Run": "运行",
    "Be asked": "测验",
    "Write a deck": "编写知识库",
    "About kb": "关于 kb",
    "find entries by words, in English or Chinese": "用中文或英文的词查找条目",
    "read entry 61; its snippet runs with kb run 61": "阅读条目 61；用 kb run 61 运行示例",
    "go through what you do not know yet": "按顺序学习还不会的内容",
    "be asked what is due, then what is new": "先问到期的题目，再问新题",
    "tell the cause of an error, and its cure": "说明报错的原因和解决办法",
    "a page on keys; others are search, format and wire": "按键说明；另有 search、format、wire",
    "Find entries; a bare number opens that entry.": "查找条目；只给编号则打开该条目。",
    "Show an entry.": "查看一个条目。",
    "List all topics by chapter.": "按章列出全部条目。",
    "Read a log, a traceback or an error message; tell cause, check and cure.": (
        "读取日志、traceback 或报错信息，说明原因、检查方法和解决办法。"
    ),
    "Run an entry's snippet and tell what came of it.": "运行条目的示例代码，并说明结果。",
    "Keep a worker with torch imported, so that kb run starts at once.": (
        "常驻一个已导入 torch 的 worker，使 kb run 立即开始。"
    ),
    "Go through what you do not know yet: read an entry in short, run it, be asked about it.": (
        "按顺序学习还不会的内容：读条目要点、运行、做测验。"
    ),
    "the next entry in short: run it, be asked about it, go on": "下一条的要点：运行、做测验、继续",
    "these entries alone": "只学这些条目",
    "what comes next, a line each": "接下来要学的条目，每行一条",
    "How many entries to print without a terminal.": "不在终端上时列出几条。",
    "Be asked a question never again, until that is taken back; kb list --suspended names them.": (
        "停用题目，恢复之前不再问；kb list --suspended 可列出。"
    ),
    "never be asked this again; in a quiz the key x does it": "不再问这一题；测验中按 x 也行",
    "none of the questions of entry 61": "条目 61 的所有题目都不再问",
    "be asked it again, also if it was buried for today": "恢复提问，今天搁置的也一并恢复",
    "Flag a question, to look at it later; it is asked as before. kb list --flagged names them.": (
        "标记题目，留待以后查看，照常提问。kb list --flagged 可列出。"
    ),
    "flag a question; in a quiz the key ! does it": "标记一题；测验中按 ! 也行",
    "it is done with": "取消标记",
    "Questions as 61/its-id; an entry's number or exact name stands for all of its questions.": (
        "题目，如 61/题目名；给条目编号或准确名称则指它的全部题目。"
    ),
    "Take it back.": "撤销。",
    "Be asked: due questions first, then new ones.": "测验：先到期的题目，再新题。",
    "Show how well you remember: what was right, what was kept, what is known now; by area, kind and entry.": (
        "查看记忆情况：答对多少、复习时还记得多少、此刻掌握多少；按领域、题型与条目。"
    ),
    "What is shown": "数字的含义",
    "The answers that were right, of all: those not rated 1. answers, right, right_percent": (
        "答对的作答（未评为 1），占全部作答。answers、right、right_percent"
    ),
    "The same of reviews alone, the answers given 12 hours or more after the one before. reviews, remembered, "
    "remembered_percent": ("同上，只算复习，即距上次作答 12 小时以上的作答。reviews、remembered、remembered_percent"),
    "How likely a question that was begun would be answered right at this moment, on average, as the schedule "
    "estimates; what was last answered wrong counts as not known. known_percent": (
        "复习安排估计的此刻答对可能性，为已开始题目的平均值；上次答错的算作未掌握。known_percent"
    ),
    "The questions that were ever answered, of all. begun, questions": ("曾经答过的题目，占全部题目。begun、questions"),
    "These names, for the whole, and for each of areas, kinds and entries; percentages from 0 to 100, null of "
    "nothing. On the screen none is given of fewer than 10. due, new, flagged, suspended and buried count "
    "questions, forecast those due on each coming day, days the answers of each day.": (
        "以上名称，既有整体的，也有 areas、kinds、entries 各组的；百分比为 0 到 100，没有数据时为 null。"
        "屏幕上不足 10 次时不给百分比。due、new、flagged、suspended、buried 是题目数，"
        "forecast 是未来每天到期的题目数，days 是每天的作答数。"
    ),
    "Take the last answer back, also tomorrow. Names it and asks first; kb redo lets it count again.": (
        "撤销上一个回答，明天也可以。先说明是哪一个并确认；kb redo 可恢复。"
    ),
    "Let what kb undo or kb reset took back last count again.": "让最近被 kb undo 或 kb reset 撤销的重新计入。",
    "Forget progress, of everything or of some entries. Shows what goes and asks first; kb redo brings it back.": (
        "清除全部或部分条目的进度。先列出内容并确认；kb redo 可恢复。"
    ),
    "Show where your answers lie; merge them with another folder, take a copy in, or check them.": (
        "查看答案存放处；与另一文件夹合并、并入副本或检查。"
    ),
    "Fit the schedule to your own log; the default stays unless the fit predicts your later answers better.": (
        "用你的记录拟合复习安排；只有预测得更准时才替换默认参数。"
    ),
    "Check the form of a deck, without running anything.": "检查知识库的格式，不运行任何代码。",
    "Run everything that can be run, and see that what must fail fails.": (
        "运行一切可运行的内容，并确认该失败的会失败。"
    ),
    "Explain a command, or a topic: keys, search, format, wire.": "说明某个命令或主题：keys、search、format、wire。",
    "Show where things lie, and what isolates the code that is run.": "查看各类文件的位置，以及运行代码时的隔离方式。",
    "One JSON object on stdout.": "在标准输出给出一个 JSON 对象。",
    "Another deck than the built-in one; KB_DECK names it too.": "用另一个知识库代替内置的；也可设 KB_DECK。",
    "Language: en, zh; KB_LANG names it too.": "语言：en、zh；也可设 KB_LANG。",
    "Nothing is redrawn, nothing told by colour or position alone; KB_PLAIN=1 does the same.": (
        "不重绘屏幕，不单靠颜色或位置传达信息；等同于 KB_PLAIN=1。"
    ),
    "Show the version.": "显示版本。",
    "Let bash, zsh or fish complete commands, entries and options with Tab.": (
        "让 bash、zsh 或 fish 用 Tab 补全命令、条目和选项。"
    ),
    "Show this text; kb COMMAND --help shows a command's.": "显示本帮助；kb 命令 --help 查看该命令的帮助。",
    'Words in any language, "a phrase", -word, tag:, area:, api:, level:. None: search while typing.': (
        '任意语言的词、"短语"、-排除词、tag:、area:、api:、level:。不带词则边输入边搜索。'
    ),
    "How many hits at most, however far below the first.": "最多列出几条，相关度再低也列出。",
    "All that match, each entry by itself.": "列出所有匹配的条目，每条单独列出。",
    "Show the first hit.": "直接打开第一条结果。",
    "entries on LSTM, in both languages": "关于 LSTM 的条目，中英文都搜",
    "the same in Chinese": "用中文搜索",
    "with lstm and without cell": "有 lstm 而没有 cell",
    "a phrase, of one level": "短语，限定级别",
    "an API name, whole or in part": "API 名称，全名或其中一部分",
    "search while typing, at a terminal": "在终端里边输入边搜索",
    "A number, or words that find it.": "编号，或能找到它的词。",
    "The answer in short and its code, on one screen.": "一屏之内的要点和代码。",
    "Its snippet.": "它的示例代码。",
    "Its Markdown.": "它的 Markdown 原文。",
    "an entry": "一个条目",
    "the entry that these words find": "这些词找到的条目",
    "its gist and its code, on one screen": "要点和代码，一屏之内",
    "its snippet, to be run anywhere": "导出示例代码，可在任何地方运行",
    "Only this area.": "只限这个领域。",
    "Only this level: 1 is basic, 3 advanced.": "只限这个级别：1 基础，3 进阶。",
    "Only with this tag.": "只限带此标签的。",
    "all topics by chapter, with your progress": "按章列出全部条目和你的进度",
    "basic ones of one area": "某领域的基础条目",
    "what you began and did not finish": "开始了而没有完成的条目",
    "the questions that you are not asked": "不再问的题目",
    "Only what is done (every question answered right), begun, or pending.": (
        "只列 done（每题都答对过）、begun（已开始）或 pending（未开始）的条目。"
    ),
    "The questions that you flagged.": "你标记过的题目。",
    "The questions that you suspended, or buried for today.": "你停用的，或今天搁置的题目。",
    "An error message; without one, standard input is read.": "报错信息；不给则读取标准输入。",
    "explain what a program printed": "解释程序打印的内容",
    "explain a message": "解释一条报错",
    "explain a log": "解释一份日志",
    "cpu, cuda, mps, auto, or both: run twice and compare.": "cpu、cuda、mps、auto，或 both（运行两次并比较）。",
    "How long it may take.": "最长可用多久。",
    "Run again whenever the file is saved.": "每次保存文件后重新运行。",
    "Open a copy of your own in $EDITOR, then run it.": "用 $EDITOR 打开你自己的副本，然后运行。",
    "Run your own copy.": "运行你自己的副本。",
    "Show what your copy changes.": "显示你的副本改了什么。",
    "No curve under the output.": "输出下方不画曲线。",
    "run the snippet of entry 61": "运行条目 61 的示例代码",
    "run the one that these words find": "运行这些词找到的那一个",
    "change a copy of your own in $EDITOR, then run it": "用 $EDITOR 修改自己的副本，然后运行",
    "run your copy again whenever it is saved": "每次保存后重新运行副本",
    "on the CPU and on the GPU, compared": "在 CPU 和 GPU 上各运行一次并比较",
    "Ends after so many without a run; 30 if left out.": "多少分钟没有运行后退出；默认 30。",
    "End it now.": "立即结束。",
    "keep a worker for half an hour after its last run": "worker 在最后一次运行后保留半小时",
    "end it": "结束它",
    "Numbers, or words that find entries: only these.": "编号，或能找到条目的词：只限这些。",
    "Write code in $VISUAL or $EDITOR, graded whenever you save.": "用 $VISUAL 或 $EDITOR 写代码，每次保存即判分。",
    "Only questions never answered.": "只问从未答过的题目。",
    "How many questions; 10 at a time if left out.": "问几题；默认每次 10 题。",
    "choice, predict, answer, code or recall.": "choice、predict、answer、code 或 recall。",
    "One JSON object a line: question, answer, grade.": "每行一个 JSON 对象：问题、答案、评分。",
    "what is due, then what is new": "先到期的，再新的",
    "about these entries, due or not": "只问这些条目，不论是否到期",
    "in your own editor; graded whenever you save": "用你自己的编辑器写，每次保存即判分",
    "write missing lines, of basic entries": "补全代码，限基础条目",
    "five questions never answered": "五道从未答过的题",
    "drive it from a program; kb help wire": "由程序驱动；见 kb help wire",
    "Answered questions that are not in the deck any more.": "答过但已不在知识库里的题目。",
    "how well you remember": "记忆情况",
    "answers to questions that left the deck": "已移出知识库的题目的作答",
    "Do not ask.": "不再确认。",
    "take the last answer back; asks first": "撤销上一个回答；先确认",
    "let it count again": "让它重新计入",
    "Numbers, exact names, or single questions as 61/its-id: only these.": (
        "编号、准确的名称，或 61/its-id 这样的单题：只限这些。"
    ),
    "forget the answers to entry 61": "清除条目 61 的作答",
    "those to one question": "清除一道题的作答",
    "all of them; asks first": "清除全部；先确认",
    "sync DIR, restore FILE or check; where it lies if left out.": (
        "sync DIR、restore FILE 或 check；不给则显示存放处。"
    ),
    "The folder to merge with, or the copy to take in.": "要合并的文件夹，或要并入的副本。",
    "where your answers lie": "答案存放在哪里",
    "merge them with those of another device": "与另一台设备的合并",
    "take a copy in": "并入一份副本",
    "see that every line is whole": "确认每一行都完好",
    "after some 200 reviews": "大约 200 次复习之后",
    "a deck of your own": "你自己的知识库",
    "cpu, cuda, mps or auto.": "cpu、cuda、mps 或 auto。",
    "How many at once; 0 for one a core.": "同时运行几个；0 表示每核一个。",
    "The I-th of N parts, as 2/8.": "N 份中的第 I 份，如 2/8。",
    "Write verified.json and each output.txt.": "写出 verified.json 和各个 output.txt。",
    "Run each snippet under so many other seeds too.": "每个示例再用这么多个其他随机种子运行。",
    "Five other seeds, other threads, another CPU.": "另外五个种子、不同线程数、另一种 CPU。",
    "Solutions with one mistake must fail too; all: only this, of whole snippets.": (
        "带一处错误的解法也必须失败；all：只做这一项，遍及整个示例。"
    ),
    "With --mutants all: run those again that are known.": "与 --mutants all 同用：已知结果的也重新运行。",
    "Leave out what is recorded as expected and has not changed since.": "略过已记录为符合预期、此后没有改动的部分。",
    "Output that drifts is an error.": "输出有出入即为错误。",
    "Write JUnit XML.": "写出 JUnit XML。",
    "run every snippet, proof, key and solution": "运行所有示例、证明、答案和解法",
    "entry 61 under other seeds, threads, another CPU": "条目 61，换种子、线程数和 CPU",
    "list the mistakes in it that no check notices": "列出其中没有检查能发现的错误",
    "a part of it, for CI": "其中一份，供 CI 使用",
    "write down what was found": "记录结果",
    "only what no record speaks of": "只运行还没有记录的部分",
    "keys, search, format, wire, or a command.": "keys、search、format、wire，或某个命令。",
    "what every key does": "每个按键的作用",
    "what may be searched for, and how": "可以搜什么，怎么搜",
    "how entries are written": "条目怎么写",
    "how a program drives the quiz": "程序如何驱动测验",
    "a command; the same as kb run --help": "某个命令；等同于 kb run --help",
    "where deck, answers, copies and cache lie, and what isolates the code that is run": (
        "知识库、答案、副本和缓存的位置，以及运行代码时的隔离方式"
    ),
}
