/**
 * Everything the page says, in English and Chinese. `{name}` is filled in; before and after a `|` stand the singular and
 * the plural, which `{n}` decides. A refusal of the server is looked up as `error_` and its name from proto/codes.toml.
 */

/** @type {Record<string, [string, string]>} */
export const TABLE = {
  app_name: ["hongyan 鸿雁", "鸿雁"],
  tagline: ["Messages that arrive.", "鸿雁传书，字字必达。"],

  user_id: ["User name", "用户名"],
  user_id_hint: ["1 to 32 letters, digits, _ or -", "1 到 32 位字母、数字、_ 或 -"],
  password: ["Password", "密码"],
  password_hint: ["At least 8 characters", "至少 8 个字符"],
  log_in: ["Log in", "登录"],
  log_out: ["Log out", "退出登录"],
  register: ["Create account", "注册"],
  to_register: ["New here? Create an account", "还没有账号？注册一个"],
  to_log_in: ["Have an account? Log in", "已有账号？去登录"],
  show_password: ["Show password", "显示密码"],

  conversations: ["Conversations", "会话"],
  find: ["Find", "搜索"],
  new_chat: ["New chat", "发起聊天"],
  new_group: ["New group", "发起群聊"],
  no_conversations: ["No conversations yet. Start one with the + above.", "还没有会话，点上方的 + 开始聊天。"],
  nothing_found: ["Nothing found", "没有找到"],
  choose: ["Choose a conversation", "选择一个会话开始聊天"],
  unread: ["{n} unread message|{n} unread messages", "{n} 条未读消息"],
  back: ["Back to the conversations", "返回会话列表"],
  notices: ["Notices", "系统通知"],
  saved: ["Saved messages", "收藏"],
  group: ["Group", "群聊"],

  messages: ["Messages", "消息"],
  message: ["Message", "发消息"],
  message_to: ["Message to {name}", "给{name}发消息"],
  send: ["Send", "发送"],
  send_hint: ["Enter sends, Shift+Enter breaks the line", "Enter 发送，Shift+Enter 换行"],
  too_long: ["The message is too long: {size} of {limit} KB", "消息太长：{size} KB，上限 {limit} KB"],
  not_member: ["You are no longer in this group.", "你已不在这个群聊中。"],
  no_replies: ["Nobody answers here.", "此会话不能回复。"],
  loading_older: ["Loading older messages…", "正在加载更早的消息…"],
  beginning: ["This is where the conversation begins.", "会话从这里开始。"],
  to_newest: ["To the newest messages", "回到最新消息"],
  n_new: ["{n} new message|{n} new messages", "{n} 条新消息"],
  show_all: ["Show all", "展开全文"],
  show_less: ["Show less", "收起"],
  typing_one: ["{name} is typing…", "{name}正在输入…"],
  typing_peer: ["typing…", "对方正在输入…"],
  typing_some: ["{n} person is typing…|{n} people are typing…", "{n} 人正在输入…"],
  you: ["You", "你"],

  waiting: ["Waiting to be sent", "等待发送"],
  sent: ["Sent", "已发送"],
  delivered: ["Delivered", "已送达"],
  read: ["Read", "已读"],
  read_by: ["Read by {n}", "{n} 人已读"],
  not_sent: ["Not sent: {reason}", "发送失败：{reason}"],
  try_again: ["Try again", "重新发送"],
  discard: ["Discard", "删除"],
  recall: ["Recall", "撤回"],
  recall_this: ["Recall this message", "撤回这条消息"],
  recalled_own: ["You recalled a message", "你撤回了一条消息"],
  recalled_other: ["{name} recalled a message", "{name}撤回了一条消息"],
  recalled_by: ["{name} recalled a message of {other}", "{name}撤回了{other}的一条消息"],

  deleted: ["{name} deleted a message", "{name}删除了一条消息"],
  deleted_by: ["{name} deleted a message of {other}", "{name}删除了{other}的一条消息"],
  edited: ["edited", "已编辑"],
  edited_one: ["{name} edited a message", "{name}编辑了一条消息"],
  reacted: ["{name} reacted with {emoji}", "{name}回应了 {emoji}"],
  unreacted: ["{name} took {emoji} back", "{name}撤回了 {emoji}"],
  react_with: ["{names} reacted with {emoji}", "{names}回应了 {emoji}"],
  pinned: ["{name} pinned a message", "{name}置顶了一条消息"],
  unpinned: ["{name} unpinned a message", "{name}取消了一条置顶"],
  befriended: ["You are friends now", "你们已成为好友"],
  made_admin: ["{name} made {other} an admin", "{name}将{other}设为管理员"],
  made_member: ["{name} made {other} a member", "{name}取消了{other}的管理员身份"],
  owner_transferred: ["{name} gave the group to {other}", "{name}将群主转让给{other}"],
  member_muted: ["{name} muted {other}", "{name}禁言了{other}"],
  member_unmuted: ["{name} unmuted {other}", "{name}解除了{other}的禁言"],
  all_muted: ["{name} muted everybody", "{name}开启了全员禁言"],
  all_unmuted: ["{name} unmuted everybody", "{name}关闭了全员禁言"],
  group_named: ["{name} named the group “{text}”", "{name}将群名改为“{text}”"],
  announcement_set: ["{name} announced: {text}", "{name}发布了群公告：{text}"],
  group_changed: ["{name} changed the group", "{name}修改了群设置"],
  nickname_set: ["{name} is called “{text}” here", "{name}在本群的昵称为“{text}”"],
  join_link_made: ["{name} made a link to join", "{name}创建了入群链接"],
  join_link_revoked: ["{name} revoked a link to join", "{name}撤销了入群链接"],
  member_joined: ["{name} joined", "{name}加入了群聊"],
  join_requested: ["{name} asks to join: {text}", "{name}申请入群：{text}"],
  let_in: ["{name} let {other} in", "{name}同意了{other}的入群申请"],
  not_let_in: ["{name} did not let {other} in", "{name}拒绝了{other}的入群申请"],
  group_dismissed: ["{name} dismissed the group", "{name}解散了群聊"],

  kind_image: ["[Image]", "[图片]"],
  kind_voice: ["[Voice]", "[语音]"],
  kind_video: ["[Video]", "[视频]"],
  kind_file: ["[File] {name}", "[文件] {name}"],
  kind_location: ["[Location] {name}", "[位置] {name}"],
  kind_card: ["[Contact card] {name}", "[名片] {name}"],
  kind_custom: ["[Message]", "[消息]"],

  recalled_quote: ["This message was recalled", "原消息已撤回"],
  unknown_entry: ["This page is too old to show what stands here.", "当前版本无法显示此内容。"],
  group_created: ["{name} created the group “{group}”", "{name}创建了群聊“{group}”"],
  members_added: ["{name} added {others}", "{name}邀请{others}加入了群聊"],
  members_removed: ["{name} removed {others}", "{name}将{others}移出了群聊"],
  member_left: ["{name} left the group", "{name}退出了群聊"],
  and_more: ["{list} and {n} more", "{list}等 {n} 人"],

  chat_with: ["User name of the other person", "对方的用户名"],
  start: ["Start", "开始"],
  group_name: ["Name of the group", "群聊名称"],
  group_members: ["Members (user names, separated by spaces)", "成员（用户名，用空格分隔）"],
  create: ["Create", "创建"],
  cancel: ["Cancel", "取消"],
  close: ["Close", "关闭"],
  members: ["Members", "群成员"],
  n_members: ["{n} member|{n} members", "{n} 位成员"],
  add_members: ["Add members", "添加成员"],
  add: ["Add", "添加"],
  remove: ["Remove", "移出"],
  remove_member: ["Remove {name}", "移出{name}"],
  leave_group: ["Leave the group", "退出群聊"],
  leave_sure: ["Leave “{name}”? You will not see what follows.", "退出“{name}”？之后的消息你将无法看到。"],
  role_owner: ["Owner", "群主"],
  role_admin: ["Admin", "管理员"],
  not_yourself: ["That is you.", "不能和自己聊天。"],
  bad_user_id: ["“{name}” is not a user name.", "“{name}”不是有效的用户名。"],

  state_connecting: ["Connecting…", "正在连接…"],
  state_offline: ["Offline", "离线"],
  state_online: ["Connected", "已连接"],
  state_waiting: ["Connection lost. Trying again in {n} s…", "连接已断开，{n} 秒后重试…"],
  state_waiting_now: ["Connection lost. Trying again…", "连接已断开，正在重试…"],
  state_no_network: ["There is no network.", "当前没有网络。"],
  try_now: ["Try now", "立即重试"],
  ended_here: ["Logging out…", "正在退出…"],
  ended_log_in_again: ["Your log-in has ended. Please log in again.", "登录已失效，请重新登录。"],
  ended_logged_out: ["This device was logged out.", "此设备已退出登录。"],
  ended_replaced: ["You logged in elsewhere; this device was logged out.", "你已在别处登录，此设备已退出。"],
  ended_protocol: ["The server and this page do not understand each other. Reload the page.", "服务器与页面版本不一致，请刷新页面。"],

  error_wrong_credentials: ["User name or password is wrong.", "用户名或密码错误。"],
  error_user_exists: ["The user name is taken.", "用户名已被占用。"],
  error_user_unknown: ["There is no such user.", "没有这个用户。"],
  error_too_many_devices: ["You are logged in on too many devices; log one out first.", "登录的设备太多，请先退出一台。"],
  error_rate_limited: ["Too many attempts. Wait a moment.", "操作太频繁，请稍候再试。"],
  error_overloaded: ["The server is very busy. Try again soon.", "服务器繁忙，请稍候再试。"],
  error_unavailable: ["The server is not ready. Try again soon.", "服务器暂时不可用，请稍候再试。"],
  error_storage_full: ["The server's disk is full.", "服务器磁盘已满。"],
  error_invalid_field: ["That was not accepted: {message}", "输入有误：{message}"],
  error_content_too_large: ["The message is too long.", "消息太长。"],
  error_not_a_member: ["You are not a member.", "你不是成员。"],
  error_not_allowed: ["You may not do that.", "没有权限。"],
  error_conversation_unknown: ["There is no such conversation.", "没有这个会话。"],
  error_already_recalled: ["It was recalled already.", "消息已被撤回。"],
  error_recall_too_late: ["It is too late to recall this message.", "发送已久，不能撤回。"],
  error_blocked: ["They take no messages from you.", "对方已拒收你的消息。"],
  error_not_friends: ["They take messages from friends only.", "对方只接收好友的消息。"],
  error_muted: ["You may not speak here now.", "你已被禁言。"],
  error_group_dismissed: ["The group was dismissed.", "该群已解散。"],
  error_group_exists: ["The group exists already.", "群聊已存在。"],
  error_group_full: ["The group is full.", "群聊人数已满。"],
  error_last_owner: ["The last owner stays while others are in the group.", "群内还有其他成员时，群主不能退出。"],
  error_connection_lost: ["There is no connection right now.", "当前没有连接。"],
  error_no_answer: ["The server does not answer.", "服务器没有响应。"],
};

export const LANGUAGE = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const COLUMN = LANGUAGE === "zh" ? 1 : 0;

/**
 * A string of the table in the user's language.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const variants = TABLE[key][COLUMN].split("|");
  const chosen = variants.length > 1 && values.n !== 1 ? variants[1] : variants[0];
  return chosen.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * What to tell the user of a refusal: our words where we have some, else the server's.
 * @param {{name: string, message: string}} failure
 */
export function explain(failure) {
  const key = `error_${failure.name}`;
  if (key in TABLE) return t(key, { message: failure.message });
  return failure.name && failure.message ? failure.message : t("error_no_answer");
}

/** @param {string[]} names  @param {number} [most] */
export function listed(names, most = 5) {
  if (names.length > most) {
    const n = LANGUAGE === "zh" ? names.length : names.length - most;
    return t("and_more", { list: new Intl.ListFormat(LANGUAGE, { type: "unit" }).format(names.slice(0, most)), n });
  }
  return new Intl.ListFormat(LANGUAGE, { type: "conjunction" }).format(names);
}

const CLOCK = new Intl.DateTimeFormat(navigator.language, { hour: "numeric", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat(navigator.language, { weekday: "long" });
const DAY = new Intl.DateTimeFormat(navigator.language, { month: "short", day: "numeric" });
const DATE = new Intl.DateTimeFormat(navigator.language, { year: "numeric", month: "short", day: "numeric" });
const RELATIVE = new Intl.RelativeTimeFormat(navigator.language, { numeric: "auto" });
const FULL = new Intl.DateTimeFormat(navigator.language, { dateStyle: "full", timeStyle: "medium" });

/**
 * A time as short as it can be told from today.
 * @param {number} timeMs
 * @param {boolean} withClock on other days too
 */
export function when(timeMs, withClock) {
  const [date, now] = [new Date(timeMs), new Date()];
  const clock = CLOCK.format(date);
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days <= 0) return clock;
  const sameYear = date.getFullYear() === now.getFullYear();
  const day = days === 1 ? RELATIVE.format(-1, "day") : days < 7 ? WEEKDAY.format(date) : (sameYear ? DAY : DATE).format(date);
  return withClock ? `${day} ${clock}` : day;
}

/** @param {number} timeMs */
export const fullTime = (timeMs) => FULL.format(new Date(timeMs));
