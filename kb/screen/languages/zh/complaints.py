"""What ``kb check`` says, in Chinese."""

WORDS = {
    "a second entry {number}; give it a number of its own": "重复的条目 {number}；请给它自己的编号",
    "entry {number} is empty; write its answer or take it out": "条目 {number} 是空的；请写答案或删去",
    "the title says {title}, the folder {folder}; make them one": "标题编号为 {title}，文件夹为 {folder}；请统一",
    "an unexpected file; an entry holds {known}": "多余的文件；条目里只放 {known}",
    "an unexpected file; move it out of the deck": "多余的文件；请移出知识库",
    "no entry's folder; name it 061-its-slug": "不是条目文件夹；请命名为 061-its-slug",
    "{number} is in none of the deck's chapters; add it to deck.toml": "{number} 不属于任何一章；请写进 deck.toml",
    "not UTF-8 at byte {start}; save it as UTF-8": "第 {start} 字节处不是 UTF-8；请存为 UTF-8",
    "cannot be read ({error}); write it more plainly": "无法读取（{error}）；请写得更简单",
    "nested too deep; write it flatter": "嵌套太深；请减少层数",
    "a link that leads nowhere; put the file itself here": "失效的链接；请把文件本身放在这里",
    "not an ordinary file; put a text file in its place": "不是普通文件；请换成文本文件",
    "larger than {most} MB; make it smaller": "超过 {most} MB；请缩小",
    "saved as UTF-16; save it as UTF-8": "存成了 UTF-16；请存为 UTF-8",
    "holds no records; kb verify --record writes it anew": "里面没有验证记录；请用 kb verify --record 重写",
    "{count} {count:record|records} cannot be read; kb verify --record writes them anew": (
        "有 {count} 条验证记录无法读取；请用 kb verify --record 重写"
    ),
    "cannot be read: {error}; mend it": "无法读取：{error}；请修正",
    "missing; write it": "缺失；请补写",
    "the front matter is no table; write area: ..., level: ..., one a line": (
        "头部信息不是表；请每行写一项，如 area: ...、level: ..."
    ),
    "the front matter is not YAML: {problem}; quote the value": "头部信息不是 YAML：{problem}；请给值加引号",
    "the front matter is nested too deep; write area: ..., level: ..., one a line": (
        "头部信息嵌套太深；请每行写一项，如 area: ...、level: ..."
    ),
    "a second {key} in the front matter; the first one counts, take one out": (
        "头部信息里 {key} 写了两次；以第一个为准，请删去一个"
    ),
    "{bad!r} in {key} holds a character that cannot be shown; take it out": (
        "{key} 里的 {bad!r} 含有无法显示的字符；请去掉"
    ),
    "level is {level!r}; give 1 (basic), 2 or 3 (advanced)": "level 是 {level!r}；请给 1（基础）、2 或 3（进阶）",
    "unknown key {key!r}; known are {known}": "未知的键 {key!r}；可用的有 {known}",
    "unknown area {area!r}; the deck's are {known}": "未知的领域 {area!r}；知识库里有 {known}",
    "{key} is no list; write [one, two]": "{key} 不是列表；请写成 [one, two]",
    "{bad!r} in {key}; give numbers": "{key} 里有 {bad!r}；请给数字",
    "{bad!r} in {key}; give texts (quote what looks like a number)": (
        "{key} 里有 {bad!r}；请给文本（像数字的要加引号）"
    ),
    "{key} names something twice; once is enough": "{key} 里有重复；写一次即可",
    "{count} {count:alias|aliases}, at least {least} are needed; give the acronym, the name in the other language, "
    "the API name": ("只有 {count} 个别名，至少要 {least} 个；可写缩写、另一种语言的名称、API 名称"),
    "no {key} in the front matter; add it": "头部信息缺少 {key}；请补上",
    'languages is missing; write languages = ["en", "zh"], the primary one first': (
        '缺少 languages；请写 languages = ["en", "zh"]，主语言在前'
    ),
    "rules is no table; write hints = true under [rules]": "rules 不是表；请在 [rules] 下写 hints = true",
    "unknown key {key!r} in [rules]; known are {known}": "[rules] 里有未知的键 {key!r}；可用的有 {known}",
    "{key} in [rules] is neither true nor false; write one of them": (
        "[rules] 里的 {key} 既不是 true 也不是 false；请写其中之一"
    ),
    'recipe in [rules] names no sections; write recipe = {{ en = "In short" }}': (
        '[rules] 里的 recipe 没有给出小节名；请写 recipe = {{ en = "In short" }}'
    ),
    'words in [rules] is no table of terms; write token = ["词元"] under [rules.words.zh]': (
        '[rules] 里的 words 不是用词表；请在 [rules.words.zh] 下写 token = ["词元"]'
    ),
    'areas is not a table of names; write vision = {{ en = "Vision" }} under [areas]': (
        'areas 不是名称表；请在 [areas] 下写 vision = {{ en = "Vision" }}'
    ),
    "titles is not a table of texts; write en = ... under [titles]": "titles 不是文本表；请在 [titles] 下写 en = ...",
    'id is not made of small letters, digits and hyphens; write id = "{id}"': (
        'id 只能由小写字母、数字和连字符组成；请写 id = "{id}"'
    ),
    'name is no text; write name = "{name}"': 'name 不是文本；请写 name = "{name}"',
    "complete is neither true nor false; write one of them": "complete 既不是 true 也不是 false；请写其中之一",
    "{one} in languages is no language's name; write en, zh or the like": (
        "languages 里的 {one} 不是语言名；请写 en、zh 之类"
    ),
    "languages names something twice; once is enough": "languages 里有重复；写一次即可",
    "chapters is no list of tables; write [[chapters]] above each": (
        "chapters 不是表的列表；请在每章上方写 [[chapters]]"
    ),
    "chapter {at} ends before it begins; make first the smaller one": "第 {at} 章的 last 小于 first；请对调",
    "chapters {one} and {other} share topics; end one before the other begins": (
        "第 {one} 章和第 {other} 章的编号重叠；请让一章在另一章开始之前结束"
    ),
    "chapter {at} lacks number, first or last; give whole numbers": "第 {at} 章缺少 number、first 或 last；请给整数",
    "chapter {at} has titles that are no table; write titles = {{ en = ... }}": (
        "第 {at} 章的 titles 不是表；请写 titles = {{ en = ... }}"
    ),
    "Markdown of the kind {type!r} cannot be shown in a terminal; write it as plain text": (
        "终端无法显示 {type!r} 类 Markdown；请写成普通文本"
    ),
    "HTML ({tag}) cannot be shown in a terminal; write it in Markdown": "终端无法显示 HTML（{tag}）；请用 Markdown 写",
    "Markdown takes the stars of {place!r} for no emphasis; put the punctuation outside of them, or a space beside "
    "them": "Markdown 不把 {place!r} 里的星号当作强调；请把标点移到星号外面，或在旁边加空格",
    "emphasis nested too deep; write it plainer": "强调嵌套太深；请写得更简单",
    "lists or quotes nested too deep; write them flatter": "列表或引用嵌套太深；请减少层数",
    "a footnote ([{label}]) cannot be shown in a terminal; write it into the text": (
        "终端无法显示脚注（[{label}]）；请写进正文"
    ),
    "nothing refers to the address [{label}]; take it out": "没有链接用到地址 [{label}]；请去掉",
    "an indented code block; put it between ``` lines with an info string": (
        "缩进式代码块；请用带语言标记的 ``` 围起来"
    ),
    "an image cannot be shown in a terminal; describe it in words": "终端无法显示图片；请用文字描述",
    "no front matter; begin with --- area, level, tags, related, aliases, errors ---": (
        "没有头部信息；请以 --- area, level, tags, related, aliases, errors --- 开头"
    ),
    "no ## {quiz}; add it as the last section": "没有 ## {quiz}；请作为最后一节加上",
    "no title; write # NN. A question that a person would ask": "没有标题；请写 # NN. 一个人们会问的问题",
    "the text does not begin with a title; write # NN. A question": "正文没有以标题开头；请写 # NN. 问题",
    "no gist after the title; write one paragraph that answers the question": (
        "标题后没有要点；请写一段直接回答问题的话"
    ),
    "the title {text!r} has no number; write # NN. A question": "标题 {text!r} 没有编号；请写 # NN. 问题",
    "the gist has no link to the snippet; end it with [`snippet.py`](snippet.py)": (
        "要点没有链接到示例代码；请以 [`snippet.py`](snippet.py) 结尾"
    ),
    "the gist has {count} sentences, {most} at most; move the rest below": (
        "要点有 {count} 句，最多 {most} 句；其余请移到下文"
    ),
    "a second section {name!r}; give each a name of its own": "重复的小节 {name!r}；请各起其名",
    "front matter in a translation; it belongs into {language}.md alone": (
        "译文里有头部信息；它只应出现在 {language}.md"
    ),
    "unknown info string {info!r}; use {known}": "未知的代码块标记 {info!r}；可用 {known}",
    "{name!r} after {sources!r}; only ## {quiz} may follow it": "{name!r} 在 {sources!r} 之后；其后只能有 ## {quiz}",
    "a second title; use ## for sections": "第二个标题；小节请用 ##",
    "text between the gist and the first section; give it a ## heading": "要点与第一节之间有文字；请给它一个 ## 标题",
    "no ## {needed}; add it before ## {quiz}": "没有 ## {needed}；请加在 ## {quiz} 之前",
    "{name!r} after {pitfalls!r}; move it before": "{name!r} 在 {pitfalls!r} 之后；请移到它前面",
    "item {id!r} has other options or marks than the original; keep their number, order and marks": (
        "题目 {id!r} 的选项或标记与原文不同；请保持数目、顺序和标记一致"
    ),
    "a quotation after the key of {id!r}; a hint stands before it": "{id!r} 的答案之后有引用块；提示应写在答案之前",
    "an empty hint in {id!r}; write one or take the > out": "{id!r} 的提示是空的；请写上内容或去掉 >",
    "item {id!r} has {count} {count:hint|hints} (> ...), the original {needed}; keep their number": (
        "题目 {id!r} 有 {count} 条提示（> ...），原文有 {needed} 条；请保持数目一致"
    ),
    "item {id!r} has {count} options; {most} at most have a letter": (
        "题目 {id!r} 有 {count} 个选项；最多 {most} 个有字母可用"
    ),
    "item {id!r} lacks the line --- in the place of its code; add it between question and explanation": (
        "题目 {id!r} 缺少代替代码的 --- 行；请加在问题与解释之间"
    ),
    "item {id!r} has a line --- though there is no code in the original; take it out": (
        "题目 {id!r} 有 --- 行，但原文没有代码；请去掉"
    ),
    "{text!r} is no id; write it in-kebab-case": "{text!r} 不是 id；请写成 kebab-case",
    "the id {id} is taken by the card that every entry has; choose another": (
        "id {id} 已被每个条目自带的卡片占用；请换一个"
    ),
    "a second item {text!r}; give each an id of its own": "重复的题目 {text!r}；请各起 id",
    "item {id!r} asks nothing; write the question after its heading": "题目 {id!r} 没有问题；请写在标题之后",
    "item {id!r} explains nothing; say why the key is right": "题目 {id!r} 没有解释；请说明答案为何正确",
    "item {id!r} has {keys}; an item is of one kind": "题目 {id!r} 有 {keys}；一题只能是一种题型",
    "item {id!r} has several {fence} blocks; put them into one": "题目 {id!r} 有多个 {fence} 块；请合为一个",
    "item {id!r} has several {name} blocks; put them into one": "题目 {id!r} 有多个 {name} 块；请合为一个",
    "unknown info string {info!r} here; use {known}": "此处不能用代码块标记 {info!r}；可用 {known}",
    "a second list of options in {id!r}; an item has one key": "{id!r} 里有第二组选项；一题只有一个答案",
    "item {first!r} stands elsewhere; keep the order": "题目 {first!r} 的位置不同；请保持顺序",
    "the section {text!r} after ## Quiz; the quiz comes last": "小节 {text!r} 在 ## Quiz 之后；测验应在最后",
    "item {missing!r} is missing; translate it": "缺少题目 {missing!r}；请翻译",
    "item {id!r} is not in the primary language; add it there or take it out": (
        "主语言里没有题目 {id!r}；请补上或删去"
    ),
    "text between ## Quiz and the first item; an item begins with ### its-id": (
        "## Quiz 与第一题之间有文字；题目以 ### its-id 开头"
    ),
    "a quiz code block in a translation; leave it out and put a line --- in its place (a proof is left out alone)": (
        "译文里有测验代码块；请去掉并以 --- 行代替（proof 直接去掉）"
    ),
    "a line --- that stands for nothing; it marks a translation's code, once": (
        "多余的 --- 行；它只在译文里代替代码，且只用一次"
    ),
    "unknown key {key!r} in [tool.kb]; known are timeout, launcher and processes": (
        "[tool.kb] 里有未知的键 {key!r}；可用 timeout、launcher 和 processes"
    ),
    "timeout = {timeout!r} in [tool.kb]; give seconds above 0 and at most {most}": (
        "[tool.kb] 里 timeout = {timeout!r}；请给大于 0 且不超过 {most} 的秒数"
    ),
    "launcher = {launcher!r} in [tool.kb]; the only one known is torchrun": (
        "[tool.kb] 里 launcher = {launcher!r}；只支持 torchrun"
    ),
    "processes = {processes!r} in [tool.kb]; give a number from 1 to 8": (
        "[tool.kb] 里 processes = {processes!r}；请给 1 到 8 的数"
    ),
    "no script block; begin with # /// script, requires-python and dependencies (PEP 723)": (
        "没有脚本块；请以 # /// script、requires-python 和 dependencies 开头（PEP 723）"
    ),
    "hole {name!r} is never closed; write # end after its last line": "空 {name!r} 没有结束；请在最后一行后写 # end",
    "no docstring; say the lesson in one line after the script block": "没有 docstring；请在脚本块后用一行说明要点",
    "the script block is not TOML: {error}; see PEP 723": "脚本块不是 TOML：{error}；见 PEP 723",
    "not Python: {error}; mend the syntax": "不是 Python：{error}；请修正语法",
    "a hole inside the hole {name!r}; close that with # end first": "空 {name!r} 里又有空；请先用 # end 结束它",
    "a relative import; a snippet stands alone": "相对导入；示例代码须能单独运行",
    "{top} is not among the script block's dependencies; add it": "脚本块的 dependencies 里没有 {top}；请加上",
    "{name!r} is no name for a hole; write # hole: the-id-of-its-code-item": (
        "{name!r} 不能作空的名字；请写 # hole: 对应代码题的 id"
    ),
    "hole {name!r} has {count} {count:line|lines}; 1 to {most} carry an idea": (
        "空 {name!r} 有 {count} 行；1 到 {most} 行为宜"
    ),
    "a second hole {name!r}; give each a name of its own": "重复的空 {name!r}；请各起其名",
    "unknown key {key!r}; there are only 'same' and 'plain'": "未知的键 {key!r}；只有 'same' 和 'plain'",
    "'plain' is no list of terms; write it as one": "'plain' 不是词的列表；请写成列表",
    "group {at} is no list of two terms or more; write it as one": "第 {at} 组不是两个以上词的列表；请写成列表",
    "symptom {at} is not two lists of terms, said and means; write both": (
        "第 {at} 条症状不是 said 与 means 两个词的列表；请两个都写"
    ),
    "{term!r} is said twice; remove one": "{term!r} 出现了两次；请删去一处",
    "unknown key {key!r}; there are only [[symptom]] tables": "未知的键 {key!r}；这里只有 [[symptom]] 表",
    "generic is neither true nor false; write one of them": "generic 既不是 true 也不是 false；请写其中之一",
    "unknown key {key!r}; there are only [[query]] tables": "未知的键 {key!r}；只有 [[query]] 表",
    "query {at} has no text; write what somebody would type": "第 {at} 条查询没有 text；请写人们会输入的词",
    "the query {text!r} is there twice; remove one": "查询 {text!r} 重复；请删去一条",
    "query {at} ({text}) has no kind {kind!r}; choose {known}": (
        "第 {at} 条查询（{text}）没有类别 {kind!r}；可选 {known}"
    ),
    "query {at} ({text}) names no entries; give their numbers in a list": (
        "第 {at} 条查询（{text}）没有指明条目；请用列表给出编号"
    ),
    "{other} has the number {number} too; give each its own": "{other} 也用编号 {number}；请各用其号",
    "{found} {found:query|queries} for {folder}; write at least {least}": (
        "{folder} 只有 {found} 条查询；至少写 {least} 条"
    ),
    "the query {text!r} names {number}, which is in none of the deck's chapters": (
        "查询 {text!r} 指向 {number}，它不属于任何一章"
    ),
    "the deck has no entries; add a folder 061-its-slug": "知识库没有条目；请添加文件夹 061-its-slug",
    "{mark} without a reason; say why behind it": "{mark} 没有写原因；请在其后说明为什么",
    "hole {name!r} has no code item; name it as its item": "空 {name!r} 没有对应的代码题；请与题目同名",
    "a link to {target!r}; link to {snippet}, ../061-its-slug/{language}.md or https://": (
        "链接到 {target!r}；只能链接到 {snippet}、../061-its-slug/{language}.md 或 https://"
    ),
    "“{place}”: {message}": "“{place}”：{message}",
    "“{place}”: write 5%, without a space": "“{place}”：请写成 5%，不加空格，用半角百分号",
    "“{place}”: this deck writes {form}; a name in code stands in `code`": (
        "“{place}”：本知识库统一写“{form}”；代码里的名字请放进 `code`"
    ),
    "{figure} stands in no output, code or formula of the entry; have the snippet print it, say about, or put what is "
    "known from elsewhere into `code`": (
        "{figure} 在本条目的输出、代码和公式里都找不到；请让示例代码打印它，或写“约”，出自别处的数请放进 `code`"
    ),
    "the first section is not ## {name}; begin with the lines that a reader came for": (
        "第一节不是 ## {name}；请先给出读者要找的那几行代码"
    ),
    "## {name} has no code; add a python block, or python illustration": (
        "## {name} 里没有代码；请加一个 python 块，或 python illustration 块"
    ),
    "{count} {count:line|lines} of code under ## {name}; {most} at most, to be pasted as they are": (
        "## {name} 的代码有 {count} 行；最多 {most} 行，要能直接粘贴"
    ),
    "the code under ## {name} is not from the first cell of {snippet}; begin that with # %% {name} and these lines": (
        "## {name} 的代码不在 {snippet} 的第一个单元里；请让那里以 # %% {name} 和这几行开头"
    ),
    "item {id!r} has no hint; write > and a nudge to its idea before the key, in every language": (
        "题目 {id!r} 没有提示；请在每种语言的答案之前写一条 > 提示，点一下思路"
    ),
    "item {id!r} says “{said}” and has no text forbid block; name there what may not be called": (
        "题目 {id!r} 写了“{said}”，却没有 text forbid 块；请在其中列出不许调用的名字"
    ),
    "hole {name!r} lies outside every function; move its lines into one, which asserts can call": (
        "空 {name!r} 不在任何函数里；请把这几行移进一个函数，让断言可以调用它"
    ),
    "missing; kb verify --record writes it": "缺失；kb verify --record 会写出它",
    "related names {number}, which is in none of the deck's chapters": "related 里的 {number} 不属于任何一章",
    "the code is no run of lines of {snippet}; copy it to the letter or call it illustration": (
        "这段代码不是 {snippet} 中连续的几行；请逐字照抄，或标为 illustration"
    ),
    "a link to {found}, which is not in the deck; mend it": "链接到 {found}，知识库里没有；请修正",
    "the proof block of {id!r} is not Python: {message}": "{id!r} 的 proof 块不是 Python：{message}",
    "{found} {found:item|items} of the kind {name}; at least {least} needed": (
        "{name} 类题目有 {found} 题；至少 {least} 题"
    ),
    "no {name} item has a proof; add a python proof block to one": (
        "没有一道 {name} 题带 proof；请给其中一题加 python proof 块"
    ),
    "a link to {found}.md in a text of language {language}; link to {language}.md": (
        "{language} 文本里链接到 {found}.md；请链接到 {language}.md"
    ),
    "{wording!r} does not begin with a word; leave out what stands before": (
        "{wording!r} 不是以单词开头；请去掉前面的部分"
    ),
    "{kind!r} is no kind of slot; choose {known}": "{kind!r} 不是空位的种类；可选 {known}",
    "{name!r} is no name for a slot; write letters": "{name!r} 不能作空位的名字；请用字母",
    "message {name}: {what}": "消息 {name}：{what}",
    "there is another message of that id; give it one of its own": "已有同 id 的消息；请另起一个",
    'no id of small letters, digits and hyphens; write id = "mat-shapes"': (
        '没有由小写字母、数字和连字符组成的 id；请写 id = "mat-shapes"'
    ),
    "no wording; write patterns = [...]": "没有措辞；请写 patterns = [...]",
    "a wording that is no text; write one": "措辞不是文本；请写成文本",
    "{key} is no text; write one": "{key} 不是文本；请写成文本",
    "no role {role!r}; choose {known}": "没有 {role!r} 这种 role；可选 {known}",
    "entries is no list of numbers; write entries = [28]": "entries 不是编号列表；请写 entries = [28]",
    "entry {number} belongs to no chapter of the deck; name another": "条目 {number} 不属于知识库的任何一章；请换一个",
    "no {asked} in {language}; write one line": "缺少 {language} 的 {asked}；请写一行",
    "{asked} names the slot {slot}, which a wording lacks; name what all have": (
        "{asked} 用了空位 {slot}，但有的措辞没有它；请只用所有措辞都有的空位"
    ),
    "unknown key {key!r}; there are only [[message]] tables": "未知的键 {key!r}；这里只有 [[message]] 表",
    "item {id!r} has one option; give at least two": "题目 {id!r} 只有一个选项；至少给两个",
    "item {id!r} has no right option; mark it [x]": "题目 {id!r} 没有正确选项；请标 [x]",
    "item {id!r} has right options alone; add one that people wrongly believe": (
        "题目 {id!r} 全是正确选项；请加一个常见的误解"
    ),
    "item {id!r} has the same option twice; change one": "题目 {id!r} 有重复的选项；请改一个",
    "an option without [ ] or [x]; mark it": "选项没有 [ ] 或 [x]；请标上",
    "an option that is more than one paragraph; put the code into the question": "选项不止一段；请把代码放到问题里",
    "item {id!r} has a text forbid block, and no lines are asked for; only a code item can forbid": (
        "题目 {id!r} 有 text forbid 块，却不要求写代码；只有代码题可以禁止调用"
    ),
    "item {id!r} has an empty text forbid block; write one name a line, or take it out": (
        "题目 {id!r} 的 text forbid 块是空的；请每行写一个名字，或者删掉它"
    ),
    "{name!r} in the text forbid block of {id!r} is no name; write one a line, as F.dropout": (
        "{id!r} 的 text forbid 块里，{name!r} 不是名字；请每行写一个，如 F.dropout"
    ),
    "item {id!r} has wrong solutions and no right one; add python right blocks": (
        "题目 {id!r} 只有错误解法；请加 python right 块"
    ),
    "item {id!r} has no hole; mark it in {snippet} with # hole: {id} and # end": (
        "题目 {id!r} 没有对应的空；请在 {snippet} 里用 # hole: {id} 和 # end 标出"
    ),
    "item {id!r} has {count} {what} {count:solution|solutions}; {needed} are needed": (
        "题目 {id!r} 有 {count} 个 {what} 解法；需要 {needed} 个"
    ),
    "{name} is not Python: {message}": "{name} 不是 Python：{message}",
    "{name} stands there twice; change one": "{name} 重复；请改一个",
    "{name} is the snippet's own; write another": "{name} 就是示例代码里的；请另写一个",
    "the {name} block of {id!r} is not Python: {message}": "{id!r} 的 {name} 块不是 Python：{message}",
}
