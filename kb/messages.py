"""Messages: what the program says, in the reader's language."""

from collections.abc import Mapping

ZH = {
    "{count} entries": "共 {count} 条",
    "level {level}": "{level} 级",
    "entry {number}": "条目 {number}",
    "entry {number} (to come)": "条目 {number}（待写）",
    "{text} (see {number})": "{text}（见 {number}）",
    "See also": "另见",
    "verified with torch {torch} on {devices}": "已在 torch {torch} 上验证（{devices}）",
    "stale: not verified with torch {torch}; kb verify {number} runs it": (
        "验证已过期：尚未在 torch {torch} 上验证；运行 kb verify {number} 可重新验证"
    ),
    "not verified yet; kb verify {number} runs it": "尚未验证；运行 kb verify {number} 进行验证",
    "Quiz: {count} questions": "测验：{count} 题",
    "{count} of its folders have errors": "有 {count} 个条目的文件存在错误",
    "kb check names them": "运行 kb check 查看",
    "nothing found for {query!r}": "没有找到与 {query!r} 相关的条目",
    "try another word, or kb list": "换个词试试，或用 kb list 查看全部",
    "also": "另有",
    "passed": "通过",
    "failed": "失败",
    "timed out": "超时",
    "out of memory": "内存不足",
    "killed": "被终止",
    "interrupted": "已中断",
    "too much output": "输出过多",
    "running": "运行中",
    "{seconds} s ({cpu} s of CPU), {memory} MiB": "用时 {seconds} s（CPU {cpu} s），内存 {memory} MiB",
    "{memory} MiB of GPU memory": "显存 {memory} MiB",
    "no torch": "未使用 torch",
    "warning, {file} line {line}: {text}": "警告，{file} 第 {line} 行：{text}",
    "{seconds} s, {memory} MiB": "用时 {seconds} s，内存 {memory} MiB",
    "both print the same, up to rounding": "两次输出一致（舍入误差之内）",
    "{count} more": "另有 {count} 处",
    "run again": "重新运行",
    "device": "切换设备",
    "runs again when {file} is saved": "保存 {file} 后自动重新运行",
    "no worker is kept": "没有常驻的 worker",
    "a worker is kept already": "worker 已经常驻",
    "a worker is kept for {minutes} minutes after its last run": "worker 已常驻，最后一次运行 {minutes} 分钟后退出",
    "{killed} of {all} mutants killed": "{all} 个变异体中淘汰了 {killed} 个",
    "{ok} of {all} as expected": "{all} 项中 {ok} 项符合预期",
    "no complaints about {count} entries": "{count} 个条目，没有问题",
    "{count} complaints": "共 {count} 个问题",
    "deck": "知识库",
    "progress": "进度",
    "cache": "缓存",
    "{due} due, {new} new": "{due} 题待复习，{new} 题未学",
    "answered today: {count}": "今天已答 {count} 题",
    "streak: {days} days": "连续 {days} 天",
    "next: {command}": "下一步：{command}",
    "next review in {time}": "下次复习：{time}后",
    "nothing is due": "暂无待复习的题目",
    "the next is due in {time}": "下一题在 {time}后到期",
    "{count} minutes": "{count} 分钟",
    "{count} hours": "{count} 小时",
    "{count} days": "{count} 天",
    "{count} months": "{count} 个月",
    "{count} years": "{count} 年",
    # Quiz
    "due": "复习",
    "new": "新题",
    "once more": "再答一次",
    "{left} left": "剩 {left} 题",
    "Your answer": "你的答案",
    "Your lines": "你的代码",
    "right": "正确",
    "wrong": "错误",
    "right answer": "正确答案",
    "almost: only the form differs; once more": "只差书写形式，再来一次",
    "your lines run here, in place of the dots": "你的代码会放在省略号的位置运行",
    "a solution": "参考解法",
    "Recall the answer, then press a key.": "先回想答案，再按任意键。",
    "how well did you know it?": "记得怎么样？",
    "1 not at all": "1 不记得",
    "2 barely": "2 勉强",
    "3 well": "3 记得",
    "4 easily": "4 很轻松",
    "choose": "选择",
    "toggle": "选中/取消",
    "confirm": "确认",
    "skip": "跳过",
    "quit": "退出",
    "undo": "撤销",
    "next": "下一题",
    "run the proof": "运行证明",
    "open the entry": "打开条目",
    "language": "切换语言",
    "hint": "提示",
    "give up": "放弃",
    "choose all that apply": "可多选",
    "checking": "正在检查",
    "{count} answered, {right} right": "已答 {count} 题，答对 {right} 题",
    "nothing was answered": "没有作答",
    "taken back: {item}": "已撤销：{item}",
    "nothing to take back": "没有可撤销的回答",
    "no item matches": "没有符合条件的题目",
    "torch is not installed: questions whose answers are run are left out": ("未安装 torch：需要运行答案的题目已略过"),
    "an answer is empty": "答案为空",
    "nothing to run": "这一题没有可运行的内容",
}
"""The Chinese of every English message. A test holds the table against the calls."""

TABLES: Mapping[str, Mapping[str, str]] = {"zh": ZH}


class Speech:
    """Says messages in one language; English where a language lacks one."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._table = TABLES.get(language, {})

    def __call__(self, message: str, **values: object) -> str:
        """A message with its values filled in."""
        return self._table.get(message, message).format(**values)
