"""What is wrong and what to do, and what the log and a verification tell, in Chinese."""

WORDS = {
    "no folder for temporary files can be written": "没有可写的临时文件夹",
    "set TMPDIR to one that can": "请把 TMPDIR 设为可写的文件夹",
    "set TMPDIR to a folder that can be written": "请把 TMPDIR 设为可写的文件夹",
    "free space, or set TMPDIR to a folder that can be written": "请腾出空间，或把 TMPDIR 设为可写的文件夹",
    "no worker starts: {reason}": "worker 无法启动：{reason}",
    "see that Python is still there": "请确认 Python 还在",
    # Typed values
    "nothing was graded: that cannot be read as an answer": "没有评分：这不能当作答案来读",
    "give a number": "请给一个数",
    "give True or False": "请给 True 或 False",
    "give names with their values, such as p=11, q=13": "请给名称和值，如 p=11, q=13",
    "give values in their order, such as (11, 13)": "请按顺序给出各个值，如 (11, 13)",
    "give the value, such as p=11": "请给出值，如 p=11",
    "give a word, such as float32": "请给一个词，如 float32",
    "give the line as it would be printed": "请按打印的样子给出这一行",
    # Why a run did not pass
    "the run could not be supervised: {trouble}": "运行无法被监督：{trouble}",
    "not done after {timeout:g} s": "{timeout:g} 秒后仍未结束",
    "its processes held more memory than they may": "占用的内存超过了限制",
    "killed by signal {signal} ({name})": "被信号 {signal}（{name}）终止",
    "it printed more than {megabytes:g} MB": "输出超过 {megabytes:g} MB",
    "it computed for more than {cpu_limit:g} s": "计算时间超过 {cpu_limit:g} 秒",
    "rank {rank}: {reason}": "rank {rank}：{reason}",
    "line {line}: {text}": "第 {line} 行：{text}",
    "exit code {code}": "退出码 {code}",
    "it left before its last statement": "没有执行到最后一条语句就退出了",
    "{name} was changed, and checks stand on it": "{name} 被改动了，而检查要依靠它",
    "line {line} of yours: {name} was called, which this question forbids": (
        "你的第 {line} 行：调用了 {name}，而本题不允许"
    ),
    "no check was executed; a snippet proves its lesson with an assert": (
        "没有执行任何检查；示例代码要用 assert 证明结论"
    ),
    "{command} has no option {name}": "{command} 没有选项 {name}",
    "did you mean {near}?": "是否想用 {near}？",
    "{command} --help lists all": "{command} --help 可列出全部",
    "{command} needs {name}": "{command} 需要 {name}",
    "{command} --help shows how": "{command} --help 可查看用法",
    "{name} takes no value": "{name} 不带值",
    "{name} needs a value": "{name} 需要一个值",
    "{words} is more than {command} takes": "{command} 不需要 {words}",
    "{command} cannot be read: {reason}": "无法读懂 {command}：{reason}",
    "{name} takes a whole number from {least} to {most}": "{name} 要一个 {least} 到 {most} 的整数",
    "{name} takes a whole number of {least} or more": "{name} 要一个不小于 {least} 的整数",
    "{name} takes a whole number": "{name} 要一个整数",
    "{name} takes a number": "{name} 要一个数",
    "no command {name!r}": "没有命令 {name!r}",
    "did you mean kb {near}? kb --help lists all": "是否想用 kb {near}？kb --help 可列出全部",
    "kb --help lists all; kb search finds entries": "kb --help 可列出全部；kb search 可查找条目",
    "no help on {name!r}": "没有关于 {name!r} 的帮助",
    "topics are {known}; kb --help lists the commands": "主题有 {known}；kb --help 可列出命令",
    "a mistake of the program's own: {kind}: {reason}": "程序自身的错误：{kind}: {reason}",
    "nothing that was saved is lost; KB_TRACEBACK=1 shows where it is": (
        "已保存的内容没有丢失；设 KB_TRACEBACK=1 可查看位置"
    ),
    "{words!r} names no entry": "{words!r} 不是任何条目的名称",
    "give a number; the nearest is {number}. {title}": "请给出编号；最接近的是 {number}. {title}",
    "{words!r} names more than one entry": "{words!r} 不止指一个条目",
    "give one number, or words that find it": "请给一个编号，或能找到它的词",
    "kb list{deck} shows all": "kb list{deck} 可列出全部",
    "this user has no home folder": "当前用户没有主目录",
    "{name}={value} is no command: {error}": "{name}={value} 不是有效的命令：{error}",
    "mend its quotes": "请补全引号",
    "torch does not start: {reason}": "torch 无法启动：{reason}",
    "no {device} device here": "这台机器没有 {device} 设备",
    "use --device {known}": "可用 --device {known}",
    "no device {device!r}": "没有设备 {device!r}",
    "{path}: {reason}": "{path}：{reason}",
    "{note}: {failed}": "{note}：{failed}",
    "the system refuses: {reason}": "系统拒绝：{reason}",
    "free space or mend permissions": "请腾出空间或检查权限",
    "interrupted": "已中断",
    "nothing is lost": "没有丢失任何内容",
    "torch is not installed for this Python": "这个 Python 没有安装 torch",
    "install it: pip install torch, or see pytorch.org for your GPU": "请安装：pip install torch；GPU 见 pytorch.org",
    "python -c 'import torch' shows why": "python -c 'import torch' 可查看原因",
    "{what}; {do}": "{what}；{do}",
    "no error to explain": "没有要解释的错误",
    "python train.py 2>&1 | kb explain, or kb explain 'the message'": (
        "用法：python train.py 2>&1 | kb explain，或 kb explain '报错信息'"
    ),
    "no area {area!r}": "没有领域 {area!r}",
    "the deck has {known}": "知识库里有：{known}",
    "no entry fits": "没有符合条件的条目",
    "entry {number} has no snippet": "条目 {number} 没有示例代码",
    "kb show{entry} shows its text": "kb show{entry} 可查看正文",
    "{path} is gone": "{path} 不见了",
    "kb check{deck} tells what the deck lacks": "kb check{deck} 会指出知识库缺什么",
    "kb log knows no {action!r}": "kb log 不认识 {action!r}",
    "use kb log, kb log sync DIR, kb log restore FILE or kb log check": (
        "可用 kb log、kb log sync DIR、kb log restore FILE 或 kb log check"
    ),
    "kb log {action} needs a place": "kb log {action} 需要指定位置",
    "kb log {action} {place}": "用法：kb log {action} {place}",
    "{place} is one word too many": "{place} 是多余的",
    "kb log sync DIR and kb log restore FILE take one": "只有 kb log sync DIR 和 kb log restore FILE 需要位置",
    "no folder {folder}": "没有文件夹 {folder}",
    "make it first; a cloud drive, a git checkout or a stick will do": "请先创建；网盘、git 仓库或 U 盘都可以",
    "no file {source}": "没有文件 {source}",
    "name a copy of a .jsonl file, or a folder of them": "请给出 .jsonl 文件的副本，或存放它们的文件夹",
    "no copy of yours of entry {number}": "还没有你自己的条目 {number} 副本",
    "kb run{entry} --edit makes one": "kb run{entry} --edit 可创建一份",
    "{path} cannot be read: {error}": "无法读取 {path}：{error}",
    "mend or remove it": "请修好或删除它",
    "mend it": "请修正它",
    "{path} cannot be written: {error}": "无法写入 {path}：{error}",
    "set KB_HOME to a folder of yours": "请把 KB_HOME 设为你自己的文件夹",
    "--shard {text} is no part": "--shard {text} 不是有效的份",
    "give I/N, as 2/8": "请写成 I/N，如 2/8",
    "--seeds {seeds} is no count": "--seeds {seeds} 不是有效的个数",
    "give 0 or more": "请给 0 或更大的数",
    "the records cannot be written: {error}": "无法写入验证记录：{error}",
    "mend the deck's permissions": "请检查知识库文件夹的权限",
    "{junit} cannot be written: {error}": "无法写入 {junit}：{error}",
    "name another file": "请换一个文件",
    "kb quiz asks": "kb quiz 可开始答题",
    "kb reset asks first, and there is no terminal": "kb reset 要先确认，而这里没有终端",
    "give --yes if you mean it": "确定要做就加 --yes",
    "--timeout {timeout:g} is no time": "--timeout {timeout:g} 不是有效的时长",
    "give seconds above 0": "请给大于 0 的秒数",
    "--json goes with a plain run": "--json 只用于普通运行",
    "leave --watch, --edit and --diff out": "请去掉 --watch、--edit 和 --diff",
    "--watch runs on one device at a time": "--watch 一次只在一个设备上运行",
    "name one; the key d changes it": "请指定一个；运行中按 d 可切换",
    "the query is empty": "没有给出要搜索的词",
    "give words to look for: kb search lstm": "请给出要找的词，如 kb search lstm",
    "no second device here": "这台机器没有第二个设备",
    "--device both compares the CPU with a GPU; use --device cpu": (
        "--device both 用来比较 CPU 与 GPU；请用 --device cpu"
    ),
    "--minutes {minutes:g} is no time": "--minutes {minutes:g} 不是有效的时长",
    "give a number above 0, at most {most}": "请给大于 0 且不超过 {most} 的数",
    "no worker can be kept at {address}: {error}": "无法在 {address} 保留 worker：{error}",
    "see that this folder can be written by you alone": "请确认这个文件夹只有你自己能写",
    "the deck {deck_path} has no entry that can be read": "知识库 {deck_path} 里没有可读的条目",
    "kb check{deck} tells what is wrong": "kb check{deck} 会指出问题",
    "no entry is found for {word!r}": "没有找到与 {word!r} 对应的条目",
    "give a number; kb list{deck} shows all": "请给出编号；kb list{deck} 可列出全部",
    "no entry {number}": "没有条目 {number}",
    "the nearest are {numbers}; kb list{deck} shows all": "最接近的是 {numbers}；kb list{deck} 可列出全部",
    "the deck is empty; kb check{deck} tells what is wrong with it": "知识库是空的；kb check{deck} 会指出问题",
    "{name} is the name of a file, and of no entry": "{name} 是文件名，不是条目名称",
    "give a number or words; kb list{deck} shows all": "请给出编号或词语；kb list{deck} 可列出全部",
    "the path {path} is no UTF-8": "路径 {path} 不是 UTF-8",
    "give the deck's folder another name": "请给知识库的文件夹换个名字",
    "no deck at {path}": "{path} 处没有知识库",
    "name a folder that holds a deck.toml": "请指定一个含有 deck.toml 的文件夹",
    "{path} is no deck": "{path} 不是知识库",
    "a deck has a {file} with name, languages and chapters": "知识库需有 {file}，写明 name、languages 和 chapters",
    "{command} ended with {returncode}": "{command} 以退出码 {returncode} 结束",
    "what was saved before is kept; try again": "此前保存的内容还在；请再试一次",
    "{command} does not start: {error}": "{command} 无法启动：{error}",
    "no editor is named": "没有指定编辑器",
    "set VISUAL or EDITOR to yours, as in EDITOR=nano": "请设置 VISUAL 或 EDITOR，例如 EDITOR=nano",
    "--editor needs a terminal": "--editor 需要在终端里使用",
    "leave --json or --editor out": "--json 与 --editor 只用其一",
    "the comments # hole: {name} and # end are gone from {path}": "{path} 里的注释 # hole: {name} 和 # end 不见了",
    "put them back around your lines; nothing else is lost": "请把它们放回你的代码前后；其他内容都还在",
    "your lines are a whole def {name}, and it is not the snippet's": "你写的是整个 def {name}，且与示例代码中的不同",
    "your def {name} takes ({theirs}), the snippet's ({ours})": (
        "你的 def {name} 的参数是（{theirs}），示例代码中的是（{ours}）"
    ),
    "give the lines in place of the dots alone": "只写省略号处的代码",
    "set EDITOR to your editor": "请把 EDITOR 设为你的编辑器",
    "no language {asked!r}": "没有语言 {asked!r}",
    "kb quiz asks at a terminal": "kb quiz 需要在终端里答题",
    "use kb quiz --json to drive it from a program": "由程序驱动请用 kb quiz --json",
    "the key of {key} cannot be computed: {reason}": "无法算出 {key} 的答案：{reason}",
    "kb verify {entry} tells more": "运行 kb verify {entry} 查看详情",
    "the lines do not stand by themselves as Python": "这几行本身不是完整的 Python 代码",
    "{answer} names no option": "{answer} 不对应任何选项",
    "give numbers from 1 to {count}, or letters from {first} to {last}": (
        "请给 1 到 {count} 的数，或 {first} 到 {last} 的字母"
    ),
    "{answer} names several options, and one is right": "{answer} 指了多个选项，而只有一个正确",
    "give one": "请只给一个",
    "item {key} has no hole in the snippet": "题目 {key} 在示例代码中没有对应的空",
    "kb check tells more; kb show {entry}": "kb check 可查看详情；也可看 kb show {entry}",
    "an item of the kind {name} is rated by yourself": "{name} 类题目由你自己评分",
    "give 1 to 4": "请给 1 到 4",
    "the answer is empty": "答案为空",
    "{answer} is no text": "{answer} 不是文本",
    'give one: {{"answer": "4"}}': '请给文本：{{"answer": "4"}}',
    "the answer has {length} characters; {limit} at most are read": "答案有 {length} 个字符；最多读 {limit} 个",
    "give a shorter one": "请给短一些的",
    "stopped": "已停止",
    "no grade, for this says nothing about the lines: {reason}": "未评分，因为这说明不了你的代码对不对：{reason}",
    "the snippet itself does not pass here, so no answer can: {reason}": (
        "示例代码本身在这里就通不过，任何答案也都通不过：{reason}"
    ),
    "it computed more than {times} times as long as the solution": "计算量超过了参考答案的 {times} 倍",
    "nothing was graded": "没有评分",
    "a line of more than {limit} bytes": "一行超过 {limit} 字节",
    "send a shorter one": "请发送短一些的",
    "{verbs} in one message": "一条消息里有 {verbs}",
    "send one after the other": "请逐条发送",
    "{name} is {value}": "{name} 是 {value}",
    "give {allowed}": "请给 {allowed}",
    "give it as a text": "请以文本给出",
    "{answer} is no rating": "{answer} 不是评分",
    "no name can be kept in {path}: {error}": "无法在 {path} 保存设备名：{error}",
    "set KB_HOME to a folder that you may write to": "请把 KB_HOME 设为可写的文件夹",
    "there is no log": "没有日志",
    "name a .jsonl file, or a folder that holds some": "请给出 .jsonl 文件，或含有它们的文件夹",
    "{root} and {other} cannot be merged: {error}": "无法合并 {root} 与 {other}：{error}",
    "nothing is lost; mend that and try again": "没有丢失任何内容；解决后请重试",
    "it cannot be told whose log that is: {error}": "无法判断那是哪个知识库的日志：{error}",
    "nothing is lost; name a file of a log": "没有丢失任何内容；请给出日志文件",
    "{path} cannot be taken in: {error}": "无法并入 {path}：{error}",
    "progress cannot be kept in {folder}: {error}": "无法在 {folder} 保存进度：{error}",
    "the log in {folder} cannot be read: {error}": "无法读取 {folder} 里的日志：{error}",
    "mend its permissions, or move that file away": "请检查权限，或移走那个文件",
    "nothing can be saved in {path}: {error}": "无法保存到 {path}：{error}",
    "free space or mend its permissions; every earlier answer is safe": "请腾出空间或检查权限；之前的答案都安全",
    "{other} is no folder to merge with: it is part of a log itself": "{other} 不能用来合并：它本身是日志的一部分",
    "give the folder that holds a folder for each deck, or an empty one": (
        "请给出包含各知识库文件夹的上级文件夹，或一个空文件夹"
    ),
    "{source} is a log of another deck, {owner}": "{source} 是另一个知识库 {owner} 的日志",
    "open that deck: kb log restore {source} --deck DIR": "请打开那个知识库：kb log restore {source} --deck DIR",
    "answers cannot be taken over from {database}: {error}": "无法从 {database} 接收旧答案：{error}",
    "free space or mend permissions; they are safe there": "请腾出空间或检查权限；答案在原处是安全的",
    "entry {number} has no question {item!r}": "条目 {number} 没有题目 {item!r}",
    "it has {known}": "它的题目有 {known}",
    "no entry is called {word!r}": "没有名为 {word!r} 的条目",
    "give a number or an exact name; kb search {word} finds them": (
        "请给出编号或准确的名称；kb search {word} 可以查找"
    ),
    "{word!r} is the name of several entries": "有多个条目叫 {word!r}",
    "give a number: {numbers}": "请给出编号：{numbers}",
    "no answer in the message": "消息里没有答案",
    "{name} means nothing here": "不认识 {name}",
    "{name} goes with {verb}": "{name} 要与 {verb} 一起用",
    "send both in one message": "请把两者放在一条消息里",
    "nothing is being graded or run": "没有正在评分或运行的内容",
    "send a cancel after what it is to stop": "请在要停止的内容之后发送 cancel",
    "no question is left": "没有题目了",
    'rate, prove or undo the last answer, or send {{"quit": true}}': (
        '可以对上一个答案评分、运行证明或撤销，或发送 {{"quit": true}}'
    ),
    "this question has no hint": "这一题没有提示",
    'send {{"answer": ...}} or {{"skip": true}}': '请发送 {{"answer": ...}} 或 {{"skip": true}}',
    "send an object with one of {known}": "请发送含有以下之一的对象：{known}",
    "there is nothing to take back": "没有可撤销的回答",
    "nothing to take back in this session; the last before it is {item}": (
        "这次测验里没有可撤销的回答；此前最后一个是 {item}"
    ),
    'send {{"undo": "earlier"}} for that': '可发送 {{"undo": "earlier"}}',
    'send {{"undo": true}} first; kb redo reaches further': '请先发送 {{"undo": true}}；更早的用 kb redo',
    "there is nothing to run": "没有可运行的内容",
    "answer a question first": "请先回答一题",
    "{rating} is no rating": "{rating} 不是评分",
    "give 1 (again) to 4 (easy)": "请给 1（不会）到 4（简单）",
    "there is no answer to rate": "没有可评分的回答",
    "no JSON: {error}": "不是 JSON：{error}",
    'send {{"answer": ...}}': '请发送 {{"answer": ...}}',
    "no state {state!r}": "没有状态 {state!r}",
    "every item that matches is suspended or buried": "符合条件的题目都已停用或搁置",
    "kb list --suspended names them": "kb list --suspended 可列出",
    "no kind {kind!r}": "没有题型 {kind!r}",
    "choose {known}": "可选：{known}",
    "kb quiz without options asks what is due": "kb quiz 不带选项会问到期的题目",
    "{path}: {count} damaged {count:line is|lines are} left out ({count:line|lines} {lines}); everything else counts,"
    " and they are kept in {beside}": (
        "{path}：略过 {count} 行损坏的记录（第 {lines} 行）；其余照常计入，损坏的行保存在 {beside}"
    ),
    "{path}: its last line is torn and left out; everything else counts, and it is kept in {beside}": (
        "{path}：最后一行不完整，已略过；其余照常计入，它保存在 {beside}"
    ),
    "{folder}: {count} {count:event is|events are} gone from it; kb log restore FILE takes them from a copy": (
        "{folder}：少了 {count} 条原有的记录；kb log restore FILE 可从副本恢复"
    ),
    "the last lines of this machine's log are gone: {now}": "这台机器日志的最后几行不见了：{now}",
    "another machine writes under this machine's name: {now}": "另一台机器在用这台机器的名字写日志：{now}",
    "from now on it writes as {new} instead of {old}; nothing is lost": (
        "今后以 {new} 代替 {old} 写入；没有丢失任何内容"
    ),
    "{folder}: events are missing between others ({which}); kb log restore FILE takes them from a copy": (
        "{folder}：中间缺了一些记录（{which}）；kb log restore FILE 可从副本恢复"
    ),
    "{count} {count:answer lies|answers lie} in the future ({which}): a clock was ahead; until that time comes "
    "they count as if given when the same machine last wrote before": (
        "有 {count} 个回答的时间在未来（{which}）：当时的时钟快了；在那之前，按同一台机器上一次写入的时间计"
    ),
    "{path}: {count} {count:line|lines} cannot be read and {count:is|are} left out": (
        "{path}：有 {count} 行无法读取，已略过"
    ),
    "{count} {count:answer was|answers were} taken over from {database}, which stays as it is": (
        "已从 {database} 接收 {count} 个回答，原文件保持不变"
    ),
    "{database} cannot be read now; the answers in it are taken over once it can": (
        "{database} 现在无法读取；等能读取时再接收其中的回答"
    ),
    "the deck in {path} has the id of the one in {rival}; answers to it are kept apart, as {mine}; give it an id "
    "of its own in its deck.toml": (
        "{path} 处的知识库与 {rival} 处的 id 相同；它的回答另存为 {mine}；请在它的 deck.toml 里写一个自己的 id"
    ),
    "the deck in {path} was {before} and is {mine} now; kb log restore takes in what lies under {before}": (
        "{path} 处的知识库原为 {before}，现为 {mine}；kb log restore 可并入 {before} 下的记录"
    ),
    "{outcome}: {reason}": "{outcome}：{reason}",
    "deprecated, line {line}: {text}": "已弃用，第 {line} 行：{text}",
    "a warning, line {line}: {text}": "警告，第 {line} 行：{text}",
    "it must print one line, the key": "它必须只打印一行，即答案",
    "{count} of the snippet's checks {count:was|were} not executed": "示例代码的 {count} 处检查没有执行",
    "prints something else: {place}": "输出不同：{place}",
    "the snippet itself does not pass with one thread: {reason}": "示例代码本身在单线程下没有通过：{reason}",
    "--changed leaves out runs that --strict is to judge": "--changed 会略过 --strict 要判断的运行",
    "give one of the two": "请二选一",
    "--mutants {mutants} is unknown": "没有 --mutants {mutants}",
    "give holes or all": "请写 holes 或 all",
    "--mutants all runs mutants alone": "--mutants all 只运行变异体",
    "ask for the rest without it": "其余各项请另行运行",
    "a mutant survived; write an assert that it fails, or mark it {mark} why": (
        "有变异体通过了；请写一条能淘汰它的 assert，或用 {mark} 标明原因"
    ),
    "a wrong solution passed; the snippet lacks an assert that it fails": (
        "错误解法通过了；示例代码缺少能淘汰它的 assert"
    ),
    "nothing that can be called in the snippet is named {names}; mend the text forbid block": (
        "示例代码里没有名为 {names} 的可调用对象；请修改 text forbid 块"
    ),
    "rejected, but not by a check ({reason}); it must run and fail an assert": (
        "被拒绝，但不是因为检查（{reason}）；它应当能运行并在某条 assert 处失败"
    ),
}
