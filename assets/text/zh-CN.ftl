# Texts of the window, in simplified Chinese. Form: https://projectfluent.org
# Terms as Microsoft's documentation of Azure has them in Chinese: 混合连接, 终结点, 侦听器,
# 命名空间. A space between Chinese and Latin characters or digits; full-width punctuation.
# The same keys as en.ftl, and those whose English comes from the program's other parts.

product = Hybrid Connection Manager
product-gui = Hybrid Connection Manager GUI

# A label or what happened, and more about it.
more-about = { $what }：{ $more }

## Header
diagnose = 诊断
settings = 设置
new = + 新建
filter = 筛选连接
demo = 演示

## The service
service-running = 服务正在运行
service-running-version = 服务正在运行，版本 { $version }
service-calling = 正在连接到服务
service-starting = 正在启动服务
service-read-only = 服务正在运行，仅可查看
service-not-running = 服务未运行
service-hung = 服务未响应
service-not-allowed = 无权访问服务
service-other-version = 服务版本不同
service-calling-long = 正在连接到服务…
service-starting-long = 正在启动服务…
service-start = 启动服务
service-call = 重试
needs-service = 无法连接到服务，暂时不能进行更改

read-only = 可以查看状态，但不能进行任何更改
read-only-group = 此服务由管理员以及本地组“{ $group }”的成员管理。如需加入，请联系管理员，然后重新登录。
read-only-join = 此服务由 root 以及组“{ $group }”的成员管理。如需加入，请在终端中运行“{ $command }”，然后注销桌面并重新登录。仅打开新终端或使用“newgrp”是不够的。
read-only-not-yet = 此帐户是在本次登录之后加入组“{ $group }”的。请注销桌面并重新登录，即可管理此服务。
read-only-inside = 此帐户在组“{ $group }”中，该组的成员可管理此服务，但服务尚未采用该组。请在终端中运行“{ $command }”。
read-only-no-group = 此服务由 root 以及组“{ $group }”的成员管理，但此计算机上没有该组。如需创建并加入，请在终端中运行“{ $command }”，然后注销桌面并重新登录。
elevate = 以管理员身份打开
elevate-failed = 无法以管理员身份打开此窗口：{ $detail }
banner-not-running = 服务未运行
banner-not-running-text = 服务负责侦听混合连接并传输其中的流。服务未运行时，Azure 中的应用无法通过此计算机访问任何资源。
banner-lost = 与服务的连接已断开
banner-lost-text = 灰显的内容是最后已知的状态，此窗口会不断尝试重新连接。详细信息：{ $detail }
banner-hung = 服务没有响应
banner-hung-text = 服务正在运行，但没有应答。如果一直如此，请重启服务。灰显的内容是最后已知的状态。
banner-not-allowed = 此帐户无权使用该服务
banner-not-allowed-text = { $detail }
banner-other-version = 服务与此窗口的版本不同
banner-other-version-text = { $detail }
banner-something-else = 服务的应答不符合预期
banner-something-else-text = { $detail }
banner-did-not-start = 服务未能启动
banner-did-not-start-text = { $detail }
banner-stopping = 服务正在停止
banner-stopping-text = 正在等待 { $count } 个打开的流结束。

answer-lost = 服务应答之前，与服务的连接已断开。请检查更改是否已生效。
answer-timed-out = 服务未及时应答，更改仍有可能生效。

## Empty state and demo
empty-title = 还没有混合连接
empty-text-1 = 通过混合连接，Azure 中的应用可以访问此网络中的一个主机和端口，
empty-text-2 = 而无需在防火墙上开放端口。
empty-demo = 无需 Azure 帐户即可试用
select-with-azure = 通过 Azure 选择
use-connection-string = 使用连接字符串
demo-starting = 正在启动演示…
demo-title = 这是演示
demo-text = 此计算机上的模拟器代替了 Azure 中继。服务、连接及其流量都是真实的。退出演示后不会保留任何内容。
demo-leave = 退出演示
demo-failed = 演示未能启动：{ $reason }

## Table
table = 混合连接
column-status = 状态
column-name = 名称
column-endpoint = 终结点
column-namespace = 命名空间
column-listeners = 侦听器
column-active = 活动流
column-traffic = 流量
sorted-ascending = 升序
sorted-descending = 降序
sorted-not = 未排序
filter-nothing = 没有与“{ $filter }”匹配的连接
filter-clear = 显示所有连接
endpoint-unknown = 尚未获取
endpoint-unknown-long = 尚未获取；将从 Azure 读取
spoken-listeners = { $count } 个侦听器
spoken-streams = { $count } 个活动流
menu-name = { $name } 的操作

status-connected = 已连接
status-connecting = 正在连接
status-not-connected = 未连接
status-disabled = 已禁用
status-stopping = 正在停止

## What can be done
restart = 重启
try-now = 立即重试
enable = 启用
disable = 禁用
update = 更新连接字符串…
firewall = 防火墙规则…
remove = 移除…
copy-details = 复制详细信息
details-show = 显示详细信息
act-restart = 无法重启 { $name }
act-try-now = 无法立即重试 { $name }
act-enable = 无法启用 { $name }
act-disable = 无法禁用 { $name }
act-remove = 无法移除 { $name }
act-update = 无法更新 { $name }
act-add = 无法添加 { $name }
copied = 已复制
copy = 复制
cancel = 取消
close = 关闭
save = 保存
close-message = 关闭消息

## Details
details-close = 关闭详细信息
details-several = 已选择 { $count } 个连接
details-fault = 故障
details-advice = 解决方法
details-tracking-id = 跟踪 ID
tracking-id = 跟踪 ID { $id }
details-service-bus-endpoint = 服务总线终结点 (Service Bus endpoint)
copy-service-bus-endpoint = 复制服务总线终结点
details-reachable = 从此计算机访问
details-key = 密钥
details-listeners = { $count } / { $most }
details-since = 开始时间
details-streams-label = 流
details-streams = { $active } 个活动 · 共 { $total } 个
details-in = 发往终结点
details-out = 发往 Azure
details-refused = 已拒绝
details-created = 在 Azure 中的创建时间
details-updated = 在 Azure 中的更新时间
details-events = 最近的事件
details-event = 事件
retry-in = { $left }后再次尝试
endpoint-is-address = 这是 IP 地址：跳过 DNS 查找的客户端不会使用混合连接
endpoint-is-localhost = localhost：Linux 上的应用服务中的应用会用此名称访问其自身
reach-checked = { $what } · { $ago }检查
reach-connected = TCP 连接用时 { $time }
reach-connected-untimed = TCP 连接成功
reach-unknown = 尚未检查
reach-check = 立即检查

ago-now = 刚刚
ago-seconds = { $count } 秒前
ago-minutes = { $count } 分钟前
ago-hours = { $count } 小时前
ago-days = { $count } 天前
span-seconds = { $count } 秒

## Events
event-connected = 已连接
event-connected-gateway = 已连接（{ $gateway }）
event-next-attempt = { $fault }；{ $seconds } 秒后进行第 { $attempt } 次尝试
event-restarted = 已重启
event-key-replaced = 密钥已更换
event-stream-failed = 流失败：{ $fault }
event-endpoint-changed = 终结点已从 { $before } 更改为 { $after }
event-endpoint-kept = 继续使用最后已知的终结点：{ $detail }
event-endpoint-not-read = 未能重新读取终结点：{ $fault }
event-metadata-mended = 元数据缺少一个引号，与已发布的 Bicep 示例相同。此处已自动更正；其他程序可能不接受它。
event-endpoint-answers = 终结点已恢复应答

## New hybrid connections
new-title = 新建混合连接
new-help = 在 Azure 门户中：你的应用 › 网络 › 混合连接 › 相应的连接 › 网关连接字符串。
new-help-several = 若要添加多个连接，请每行粘贴一个连接字符串。
new-found = 找到 { $count } 个连接字符串
new-found-bad = { $count } 个无法读取
new-line = 第 { $line } 行
new-already = 已添加。若要更换其密钥，请使用“更新连接字符串…”。
new-repeated = 上面已有同一个连接；它只会添加一次
new-added = 已添加
create = 创建
create-several = 创建 { $count } 个连接
creating = 正在创建…
added =
    { $count ->
        [1] 已添加 { $name }
       *[other] 已添加 { $count } 个连接
    }
paste-field = 网关连接字符串
check-name = 混合连接
check-running = 正在从 Azure 读取…
check-endpoint = { $endpoint }，读取自 Azure
check-failed = 无法检查：{ $reason }
check-reachable = 可以访问，{ $time }
check-from-here = 从此计算机访问
check-note = 注意

## Select with Azure: signing in
azure-not-stored = 你的 Azure 帐户仅用于此步骤，不会被保存。
azure-sign-in = 登录
azure-sign-in-title = 使用可以查看混合连接的帐户登录
azure-sign-in-text = 浏览器将会打开，并询问使用哪个帐户。
azure-sign-in-code = 在其他设备上使用代码
azure-sign-in-cli = 使用 Azure CLI 的登录
azure-sign-in-again = 重新登录
azure-sign-in-browser = 使用浏览器登录
azure-sign-in-tenant = 登录到此租户
azure-cloud = 云
azure-proxy-password = 代理的密码
azure-proxy-password-text = 只有服务知道代理 { $proxy } 的密码。密码仅用于此步骤，不会被保存。
azure-settings-failed = 无法读取登录所用的设置：{ $reason }
azure-settings-again = 重试
azure-waiting-browser = 正在等待浏览器…
azure-waiting-browser-text = 请在打开的页面中完成登录。
azure-waiting-left = 剩余时间：{ $left }
azure-waiting-cli = 正在询问 Azure CLI…
azure-waiting-code = 正在获取代码…
azure-waiting-device = 正在等待在其他设备上登录…
azure-page-again = 再次打开页面
azure-page-not-opened = 无法打开页面：{ $reason }
azure-stop-sign-in = 取消登录
azure-device-text = 在任意设备上打开此页面，输入代码并登录：
azure-device-open = 打开页面
azure-copy-address = 复制地址
azure-copy-code = 复制代码
span-minutes = { $minutes } 分 { $count } 秒
cloud-public = Azure（公有云）
cloud-china = 由世纪互联运营的 Azure（中国）
cloud-us-government = Azure 美国政府版
cloud-custom = 自定义云

## Select with Azure: choosing
azure-account = 已登录：{ $name }
azure-another-account = 使用其他帐户
azure-subscription = 订阅
azure-subscription-choose = 选择订阅…
azure-subscription-none = 没有与“{ $filter }”匹配的项
azure-subscription-filter = 筛选订阅
azure-subscriptions-reading = 正在读取订阅…
azure-no-subscriptions = 此帐户看不到任何订阅
azure-no-subscriptions-text = 请申请订阅或命名空间上的角色（例如 Azure 中继所有者），或使用其他帐户。
azure-choose-text = 选择一个订阅以查看其混合连接
azure-filter = 按名称、终结点或命名空间筛选
azure-filter-clear = 全部显示
azure-list = Azure 中的混合连接
azure-check-all = 选择所有显示的项
azure-resource-group = 资源组
azure-already-added = 已添加过
azure-added = 已添加
azure-creating = 正在创建：{ $done }/{ $total }…
azure-adding = 正在添加…
azure-looking = 正在查找命名空间…
azure-reading = 正在读取命名空间 { $read } / { $total }…
azure-pause = Azure 要求暂停 { $left }
azure-stop-reading = 停止读取
azure-stopped = 已停止，读取了 { $total } 个命名空间中的 { $read } 个
azure-read = { $count } 个混合连接
azure-selected = 已选择 { $count } 个
azure-read-again = 重新读取
azure-nothing-yet = 尚未读取任何内容
azure-nothing-read = 无法读取任何内容
azure-empty = 此订阅中没有混合连接
azure-empty-text = Azure 只显示此帐户有权查看的内容。请在门户中创建混合连接，或选择其他订阅。
azure-not-read = 有 { $count } 个部分无法读取
azure-not-read-show = 显示原因
azure-not-read-hide = 隐藏
azure-not-read-namespace = 命名空间 { $name }
azure-not-read-tenants = 租户列表
azure-not-read-tenant = 租户 { $name }
azure-not-sent = 添加前已取消
azure-not-added = { $count } 个连接未能添加
azure-not-added-more = …以及另外 { $count } 个
azure-copy-error = 复制错误信息
azure-code = 代码 { $id }
azure-correlation = 关联 ID { $id }
azure-portal = 在 Azure 门户中查看
details-subscription = 订阅
details-resource-group = 资源组
details-region = 区域
details-resource-id = 资源 ID
unusable-no-address = 其命名空间没有可用的服务总线终结点
unusable-odd-shape = 无法理解 Azure 对它的描述
unusable-no-metadata = 没有终结点：它没有元数据
unusable-not-json = 其元数据不是有效的 JSON
unusable-no-endpoint = 其元数据没有指定终结点
unusable-bad-endpoint = 其元数据中的终结点不是 host:port 形式

## What is wrong with a connection string
paste-empty = 没有连接字符串；连接字符串以 Endpoint=sb://NAMESPACE.servicebus.windows.net/ 开头
paste-several = 此处有 { $count } 个连接字符串，但只需要一个
paste-missing = 连接字符串中缺少 { $part }
paste-missing-key = 连接字符串中既没有 SharedAccessKeyName，也没有 SharedAccessKey
paste-missing-entity-path = 连接字符串中缺少 EntityPath，因此它属于整个命名空间；请添加 ;EntityPath=NAME，其中 NAME 是混合连接的名称
paste-no-value = { $part } 没有值
paste-twice = { $part } 出现了两次
paste-unknown = 其中有一段文本不属于连接字符串；连接字符串由 Endpoint、EntityPath、SharedAccessKeyName 和 SharedAccessKey 组成
paste-unknown-name = “{ $name }”不属于连接字符串；连接字符串由 Endpoint、EntityPath、SharedAccessKeyName 和 SharedAccessKey 组成
paste-wrong = { $part } { $problem }
paste-together = { $one } 和 { $other } 不能同时出现；其中一个就足够了
part-differs-from-path = 与 Endpoint 路径中的名称不同
part-azure-identity = 要求使用 Azure 标识，而此程序的侦听器不使用它；请使用具有 Listen（侦听）权限的规则的连接字符串
part-too-long = 超过 { $most } 个字符
part-white-space = 中含有空白字符；可能没有完整复制
part-no-address = 不是地址；正确的形式为 sb://NAMESPACE.servicebus.windows.net/
part-other-scheme = 的方案不是 sb://
part-bad-port = 的端口不是 1 到 65535 之间的数字
part-no-host = 中没有主机
part-bad-host = 的主机含有主机名中不允许的字符
part-bad-character = 含有名称中不允许的字符“{ $character }”
part-no-timeout = 既不是 hh:mm:ss，也不是大于 0 的秒数
part-no-signature = 没有以“SharedAccessSignature ”开头
part-no-field = 中缺少字段 { $field }=

## Why the service did not do something
refused-already-exists = 该混合连接已经添加。
refused-not-found = 服务中已没有该连接。
refused-denied = 此帐户无权进行此操作：{ $message }
refused-stopping = 服务正在停止；请在其重新启动后再试。
refused-version-mismatch = 服务的版本与此窗口不同，无法完成此操作：{ $message }
refused-not-upgraded = 未开始升级：{ $message }
refused-not-saved = 无法将更改保存到磁盘：{ $message }
refused-invalid-connection-string = 连接字符串无效：{ $message }
refused-invalid-setting =
    { $setting ->
        [log-keep_files] 请输入 1 到 3650 之间的整数。
        [log-connections] 请输入命名空间/名称=级别，多个之间用逗号分隔；级别为 error、warn、info、debug 和 trace。
        [log-format] 请选择 text 或 json。
        [log-level] 请选择 error、warn、info、debug 或 trace。
        [metrics-listen] 请输入此计算机自身的地址和端口，例如 127.0.0.1:9464；其他计算机可访问的地址后须加上 remote，例如 0.0.0.0:9464 remote。
        [service-status_for_all] 请选择开启（on）或关闭（off）。
        [upgrade-channel] 请选择 stable 或 preview。
        [upgrade-feed] 请输入 github、off 或文件夹的 https 地址（不含用户、查询和片段）。
        [service-drain_seconds] 请输入 0 到 3600 之间的整数。
       *[other] 无法使用此值：{ $message }
    }
refused = 服务拒绝了请求：{ $message }

## Update connection string
update-title = 更新 { $name } 的连接字符串
update-text = 粘贴 { $name } 当前的连接字符串。打开的流不受影响。
update-do = 更新
update-other-connection = 这是另一个混合连接的连接字符串：{ $name }
updated = { $name } 已使用新的连接字符串

## Remove
remove-title = 移除 { $name }？
remove-title-several = 移除 { $count } 个连接？
remove-what = { $name }：Azure 中的应用将无法再通过此计算机访问 { $endpoint }。
remove-what-unknown = { $name }：Azure 中的应用将无法再通过此计算机访问其终结点。
remove-others = 还有 { $count } 个其他侦听器为其提供服务。
remove-no-others = 没有其他侦听器为其提供服务：使用它的应用将会失败。
remove-more = …以及另外 { $count } 个。
remove-streams = { $count } 个打开的流将立即中断。
remove-azure-stays = 混合连接会保留在 Azure 中，可以再次添加到此处。
remove-do = 移除
removed =
    { $count ->
        [1] 已移除 { $name }
       *[other] 已移除 { $count } 个连接
    }

## Settings
settings-window = 此窗口
settings-service = 服务
settings-language = 语言
language-chinese = 简体中文
settings-theme = 外观
settings-autostart = 登录时打开此窗口（最小化）
settings-proxy = 代理
settings-proxy-hint = http://proxy.example.com:8080
settings-ca = 额外的 CA 证书
settings-ca-hint = PEM 文件，网络检查 TLS 时需要
settings-log-level = 日志级别
settings-keep-files = 保留的日志文件（天数）
settings-drain = 停止时等待流（秒）
settings-status-for-all = 允许此计算机上的其他帐户查看状态
settings-metrics = Prometheus 指标地址
settings-metrics-hint = 127.0.0.1:9464，留空则不提供
settings-feed = 查找新版本的位置
settings-feed-hint = “github”、“off” 或 https 地址
settings-preview = 同时通知预览版本
settings-azure = Azure 登录
settings-client-id = 客户端 ID
settings-client-id-hint = 登录所用的应用注册
settings-tenant = 租户
settings-tenant-hint = contoso.onmicrosoft.com，留空则使用帐户自己的租户
settings-authority = 登录地址
settings-needed = 自定义云需要此地址
settings-resource-manager = 资源管理器
settings-audience = 令牌受众
settings-audience-hint = 留空则使用资源管理器的地址
settings-portal = 门户
settings-address-hint = https://management.example.com
settings-loading = 正在读取服务的设置…
settings-saved = 设置已保存并生效
as-system = 跟随系统
theme-light = 浅色
theme-dark = 深色
choose-file = 选择…
no-file-dialog = 此桌面没有用于选择文件的对话框：请安装 xdg-desktop-portal 及其后端，或者安装 zenity。在此之前，请直接键入文件的位置。
no-chinese-font = 此计算机没有包含中文字符的字体，因此文本显示为英文。请安装一种字体（在 Debian 和 Ubuntu 上为 fonts-noto-cjk），然后重新打开此窗口。
autostart-failed = 无法读取或更改“登录时打开此窗口”：{ $reason }
preferences-not-saved = 无法保存此窗口的首选项，窗口关闭后将丢失这些首选项：{ $reason }

## Diagnose, firewall, upgrade
diagnose-title = 诊断 { $name }
diagnose-service = 服务
diagnose-listener = 此计算机的侦听器
diagnose-azure = Azure 中的侦听器
diagnose-more = 以上是目前已知的情况。在终端中，“hcm show { $name }”会显示同样的内容和所有事件，“hcm logs -f”会持续显示日志。
diagnose-choose = 选择一个连接，以查看其已知情况。
explain-open = 这是什么意思？
explain-title = 此故障的含义
explain-code = 代码
explain-meaning = 含义
explain-cause = 常见原因
explain-by-itself = 程序会自动执行的操作
firewall-title = { $name } 的防火墙规则
firewall-text = 此连接需要以下出站连接。它不会打开任何入站端口。使用代理时，需要这些连接的是代理。
firewall-asking = 正在查询 { $namespace }…
firewall-searching = 该命名空间位于缩放单元 { $stamp }。正在查询其网关：共 { $total } 个，还剩 { $waiting } 个…
firewall-stamp = 该命名空间位于缩放单元 { $stamp }。流可能经过其 { $total } 个网关中的任何一个：目前 { $resolved } 个有地址，另外 { $unknown } 个名称 Azure 以后可能启用。
firewall-stamp-failed = 该命名空间位于缩放单元 { $stamp }，共有 { $total } 个网关。其中 { $failed } 个没有得到 DNS 的应答，因此列表不完整：请在 DNS 恢复后重新打开。
firewall-private = 在此处，{ $namespace } 指向专用终结点：请另外允许其端口 9400 到 9599。此处无法得知其网关，在虚拟网络之外可由 DNS 查到。
firewall-untold = DNS 对 { $namespace } 的应答中没有 Azure 的缩放单元，因此无法得知其网关。请允许其域下的所有名称。
firewall-unknown = 此处的 DNS 不知道 { $namespace }。使用代理时可能如此：请在 DNS 知道该名称的位置生成列表，或者允许其域下的所有名称。
firewall-no-dns = DNS 没有应答对 { $namespace } 的查询。请检查此计算机的 DNS，或者允许其域下的所有名称。
firewall-format-text = 文本
firewall-by-name = 按名称只需一条规则：{ $wildcard }
firewall-by-address = 这些规则按地址生成，而地址会变化：请不时重新生成。按名称只需一条规则：{ $wildcard }
firewall-no-address = 没有已知的地址，因此无法生成规则。
save-as = 保存…
file-saved = 已保存为 { $path }
file-not-saved = 无法保存文件：{ $reason }
upgrade-title = 升级
upgrade-available = 版本 { $version } 可用
upgrade-have = 当前版本为 { $version }。发布于 { $released } · 签名已验证
upgrade-news = 新增内容
upgrade-how = 请按照安装当前版本的方式安装它。连接和设置会保留。
upgrade-skip = 跳过此版本
upgrade-later = 稍后
upgrade-do = 升级并重启
upgrade-again = 重试
upgrade-streams = 服务将重启：{ $count } 个活动流最多有 { $seconds } 秒的时间结束。
upgrade-streams-some = 服务将重启：{ $count } 个活动流有一些时间结束。
upgrade-no-streams = 服务将重启；当前没有活动流。
upgrade-streams-new = 在新版本连接之前，新的流会转到其他正在侦听的计算机，或被拒绝。
upgrade-to = 正在升级到版本 { $version }
upgrade-begins = 正在开始升级…
upgrade-downloading = 正在下载… { $done }/{ $total }
upgrade-installing = 正在安装…
upgrade-draining = 服务正在停止；仍有 { $count } 个打开的流…
upgrade-waiting = 正在等待新的服务…
upgrade-goes-on = 关闭此对话框或窗口后，升级仍会继续。
upgrade-late = 新的服务长时间没有应答
upgrade-late-advice = 此窗口会继续等待。请检查此计算机上的服务“hybrid-connection-manager”是否正在运行；如果没有运行，请启动它，并在系统日志中查找原因。也可以手动安装新版本。
upgrade-runs = 版本 { $version } 正在运行
upgrade-connected = 已重新连接：{ $active }/{ $total }
upgrade-window-old = 此窗口仍是版本 { $version }。重启窗口即可使用其中的新增内容。
window-restart = 重启此窗口
window-not-replaced = 此计算机上的窗口程序仍是版本 { $other }。请也安装其版本 { $version }，然后重启此窗口。
window-not-restarted = 无法重启此窗口：{ $reason }
upgrade-failed-title = 升级失败
upgrade-failed = 升级到版本 { $version } 失败
upgrade-still-old = 服务仍是版本 { $version }
upgrade-still-old-advice = 升级没有完成。服务的日志中有原因。请重试，或手动安装新版本。
upgrade-newest = 版本 { $version } 是最新版本。
upgrade-unknown = 当前版本为 { $version }。尚不知道是否有更新的版本。
upgrade-asked = 查询时间：{ $ago }

## About and keys
about-open = 关于
about-text = 让 Azure 中的应用访问此网络中的主机和端口。
about-documentation = 文档
about-version = 版本 { $version }
about-window = 窗口
about-service = 服务
about-service-away = 无法连接
about-home = 服务文件夹
about-since = 开始运行时间
about-renderer = 呈现器
about-licences = MIT 许可证。与 Microsoft 没有关联。字体：Inter 和 JetBrains Mono，SIL Open Font License 1.1。
shortcuts = 键盘快捷键
key-new = 新建混合连接
key-filter = 筛选表格
key-move = 在表格中移动
key-extend = 选择多个
key-select-all = 全选
key-details = 显示或隐藏详细信息
key-remove = 移除
key-copy = 复制详细信息
key-try-now = 立即重试
key-restart = 重启
key-menu = 连接的操作
key-settings = 设置
key-keys = 此列表
key-escape = 先清除筛选，再清除选择；关闭对话框
key-quit = 关闭窗口

## Footer
footer-connections = { $count } 个连接
footer-upgrading = 正在升级到 { $version }…
footer-window-old = 服务为版本 { $version }，此窗口为 { $other }：请重启此窗口
footer-connected = { $count } 个已连接
footer-streams = { $count } 个活动流
footer-rates = ↓ { $in }  ↑ { $out }

## What the program does about faults by itself
fault-by-itself-soon = 会立即重试侦听器，之后依次在 { $more } 秒后重试，然后每 { $seconds } 秒重试一次。每次等待最多会延长五分之一，以免所有侦听器同时恢复。
fault-by-itself-slowly = 每 { $time } 秒重试一次侦听器，因为需要先由人处理。使用新密钥或重启连接时会立即重试。
fault-by-itself-never = 在配置或密钥更改之前，不会重试侦听器。
fault-by-itself-endpoint = 继续使用上次已知的终结点，并大约每 5 分钟再次向 Azure 查询。在不知道终结点时，侦听器会等待，并至少每分钟查询一次。
fault-by-itself-streams = 侦听器保持连接。每个新的流都会重新连接终结点，失败时会被拒绝（502 或 504）。此外，大约每分钟会连接一次终结点，直到它应答为止。
fault-by-itself-next-start = 服务会在没有它的情况下继续运行，并在重新启动或更改设置时再次检查。
fault-by-itself-not-done = 所请求的操作没有执行，也不会自动重试。
fault-by-itself-room = 已打开的流会继续。在其他流结束之前，新的流会被拒绝 (502)。
fault-by-itself-log = 每个新行都会尝试写入。恢复写入后，日志会说明缺少多少行。
fault-by-itself-channel = 每分钟重试一次，直到成功为止。
fault-by-itself-metrics = 每 10 秒重试一次，直到成功为止。
fault-by-itself-feed = 每天会再次查询发布源，有人查询时也会查询。
fault-by-itself-upgrade = 之前的版本继续运行。升级不会自动重新开始。
fault-by-itself-policy = 策略更改会在数秒内被发现，连接随后会自动继续。
fault-by-itself-unknown = 此处不知道较新的服务会如何处理。

## Faults, and what to do about them
fault-namespace-not-resolved = 无法解析命名空间的名称
fault-namespace-not-resolved-cause = 没有网络、DNS 服务器无法解析外部名称，或者命名空间已被删除或名称有误。
fault-namespace-not-resolved-advice = 请检查网络和此计算机的 DNS，并确认该命名空间仍然存在。
fault-azure-unreachable = 无法连接到 Azure
fault-azure-unreachable-cause = 防火墙或缺少路由：网络不允许通过端口 443 访问 Azure，或者只能通过未在此处设置的代理访问。
fault-azure-unreachable-advice = 请确认允许通过端口 443 的出站 TCP 连接访问命名空间及其网关。
fault-azure-timed-out = Azure 未及时应答
fault-azure-timed-out-cause = 防火墙直接丢弃数据包，或者网络非常缓慢、丢包严重。
fault-azure-timed-out-advice = 丢弃数据包的防火墙会造成这种现象：请允许端口 443 上的出站 TCP 连接。
fault-proxy-unreachable = 无法连接到代理
fault-proxy-unreachable-cause = 代理未运行、地址或端口有误，或者中间有防火墙。
fault-proxy-unreachable-advice = 请确认代理正在运行，并且“设置”中的代理地址正确。如果不使用代理，请将“代理”留空。
fault-proxy-refused = 代理拒绝了连接
fault-proxy-refused-cause = 代理需要用户名和密码、此处设置的用户名或密码不正确，或者代理不允许通过 CONNECT 访问此主机和端口。
fault-proxy-refused-advice = 请检查“设置”中“代理”的用户名和密码，并确认代理允许通过 CONNECT 访问 *.servicebus.windows.net 的端口 443。
fault-proxy-password-sealed = 无法在此处解封已存储的代理密码
fault-proxy-password-sealed-cause = 设置来自其他计算机或帐户，或者此计算机上用于密封的密钥已被替换。
fault-proxy-password-sealed-advice = 该密码是在其他计算机上或为其他帐户密封的，或者文件已损坏。请在“设置”的“代理”中重新输入。
fault-tls-untrusted = 对方的证书不受信任
fault-tls-untrusted-cause = 检查 TLS 的代理或防火墙用自己的证书替换了 Azure 的证书。
fault-tls-untrusted-advice = 如果你的网络会检查 TLS，请在“设置”的“额外的 CA 证书”中添加其 CA。
fault-tls-failed = TLS 握手失败
fault-tls-failed-cause = 途中的设备中断了 TLS 或只允许旧版本，或者该端口不使用 TLS。
fault-tls-failed-advice = 请确认此计算机与 Azure 之间没有任何设备更改 TLS；需要 TLS 1.2 或 1.3。
fault-unauthorized = Azure 拒绝了密钥 (401)
fault-unauthorized-cause = 规则的密钥已重新生成、规则已被删除，或者连接字符串没有复制完整。
fault-unauthorized-advice = 密钥已重新生成或已删除。粘贴当前的连接字符串即可解决。
fault-clock-wrong = Azure 拒绝了令牌，并且此计算机的时钟不正确
fault-clock-wrong-cause = 此计算机的时钟偏差超过数分钟：可能发生在休眠之后、还原快照之后，或者没有时间同步。
fault-clock-wrong-advice = 请校准时钟（时间同步）：令牌仅在有限的时间内有效。
fault-forbidden = 密钥没有侦听权限 (403)
fault-forbidden-cause = 该连接字符串属于仅具有 Send（发送）权限的规则，供应用程序使用。
fault-forbidden-advice = 请使用对此混合连接或其命名空间具有 Listen（侦听）权限的规则的密钥。
fault-ip-blocked = 命名空间的 IP 防火墙阻止了此计算机
fault-ip-blocked-cause = 命名空间只接受来自选定地址的连接，而此网络的公共地址不在其中或已更改。
fault-ip-blocked-advice = 请将此网络的公共地址添加到命名空间的防火墙，或使用其专用终结点。
fault-not-found = 该混合连接在 Azure 中不存在 (404)
fault-not-found-cause = 该混合连接已被删除、重命名或在其他位置重新创建，或者连接字符串属于其他命名空间。
fault-not-found-advice = 它已被删除或重命名。请在 Azure 中重新创建，或在此处移除它。
fault-too-many-listeners = 该混合连接的侦听器数量已达到上限 (25)
fault-too-many-listeners-cause = 侦听的计算机数量超过 Azure 的上限，或者已断开的侦听器在几分钟内仍被计算在内。
fault-too-many-listeners-advice = 请停止其他侦听器中的一个。
fault-service-unavailable = Azure 中继报告了自身的错误
fault-service-unavailable-cause = Azure 中继在此区域正在维护、过载或出现故障。
fault-service-unavailable-advice = 通常会自行恢复。如果一直如此，请将跟踪 ID 发送给 Azure 支持部门。
fault-unexpected-answer = 收到的应答并非来自 Azure 中继
fault-unexpected-answer-cause = 代理、强制网络门户或防火墙代替 Azure 作出了应答，或者该命名空间不属于 Azure 中继。
fault-unexpected-answer-advice = 应答来自此计算机与 Azure 之间的其他设备（代理或强制网络门户）。
fault-channel-lost = 与 Azure 的连接已断开
fault-channel-lost-cause = 网络发生更改或中断、计算机进入休眠，或者防火墙或代理切断了长时间的连接。
fault-channel-lost-advice = 正在恢复连接。如果反复出现，请检查是否有防火墙或代理切断长时间的连接。
fault-token-expired = 令牌已过期
fault-token-expired-cause = 令牌的续订未能及时到达 Azure，或者此计算机的时钟被调整过。
fault-token-expired-advice = 会立即创建新的令牌。如果反复出现，请检查此计算机的时钟。
fault-token-spent = 连接字符串中的共享访问签名已过期
fault-token-spent-cause = 连接字符串中包含有时间限制的共享访问签名。
fault-token-spent-advice = 无法在此处续订。请粘贴包含密钥或新签名的连接字符串。
fault-key-sealed = 无法在此处解封已存储的密钥
fault-key-sealed-cause = 文件来自其他计算机或帐户，或者此计算机上用于密封的密钥已被替换。
fault-key-sealed-advice = 该密钥是在其他计算机上或为其他帐户密封的，或者文件已损坏。粘贴连接字符串即可重新存储密钥。
fault-entity-removed = 该混合连接在 Azure 中已被删除或禁用
fault-entity-removed-cause = 在此侦听器连接期间，有人删除或禁用了该混合连接或其命名空间。
fault-entity-removed-advice = 如果并非有意，请重新创建；此侦听器随后会自动恢复。
fault-recycled = Azure 重启了通道，这种情况大约每天一次
fault-recycled-cause = Azure 在正常运行中会移动其网关，并不时关闭每个通道。
fault-recycled-advice = 无需任何操作。
fault-endpoint-unknown = 无法从 Azure 读取终结点
fault-endpoint-unknown-cause = 对命名空间的 HTTPS 访问被阻止，或者 Azure 暂时没有应答。
fault-endpoint-unknown-advice = 会自动重新读取。必须能够访问管理地址（命名空间端口 443 上的 HTTPS）。
fault-endpoint-missing = 该混合连接没有指定可用的终结点
fault-endpoint-missing-cause = 创建混合连接时没有指定终结点，或者其 userMetadata 的格式不同。
fault-endpoint-missing-advice = 请在 Azure 中将其 userMetadata 设置为 [{"{"}"key":"endpoint","value":"host:port"{"}"}]。
fault-endpoint-not-resolved = 无法解析终结点的名称
fault-endpoint-not-resolved-cause = 该主机名只在其他网络或 DNS 区域中存在，或者名称有误。
fault-endpoint-not-resolved-advice = 请确认此计算机的 DNS 能够解析终结点的主机名。
fault-endpoint-refused = 终结点拒绝了连接
fault-endpoint-refused-cause = 程序未运行、侦听其他端口或主机的其他地址，或者那里的防火墙拒绝了连接。
fault-endpoint-refused-advice = 请确认程序正在运行并侦听此端口。
fault-endpoint-timed-out = 终结点未及时应答
fault-endpoint-timed-out-cause = 此计算机与终结点之间的防火墙丢弃了数据包、主机已关闭，或者其地址属于其他网络。
fault-endpoint-timed-out-advice = 请检查主机、端口，以及此计算机与终结点之间的防火墙。
fault-endpoint-unreachable = 无法连接到终结点
fault-endpoint-unreachable-cause = 没有到终结点所在网络的路由，例如 VPN 已断开。
fault-endpoint-unreachable-advice = 请检查从此计算机到终结点的路由。
fault-store-damaged = 连接文件已损坏，已移到一旁
fault-store-damaged-cause = 磁盘错误、断电时磁盘没有真正写入数据，或者文件被手动编辑过。
fault-store-damaged-advice = 损坏的文件保留在同一文件夹中。请还原备份，或重新添加连接。
fault-store-unusable = 连接文件无法使用，已保持原样
fault-store-unusable-cause = 该文件由更新的版本写入，或者其所有者或权限已更改。
fault-store-unusable-advice = 请修复详细信息中指出的问题，或安装写入该文件的版本，然后重启服务。
fault-settings-unusable = 设置文件无法使用，已保持原样；目前使用默认值
fault-settings-unusable-cause = 该文件由更新的版本写入，或者其所有者或权限已更改。
fault-settings-unusable-advice = 请修复详细信息中指出的问题，或安装写入该文件的版本，然后重启服务。
fault-settings-not-reloaded = 无法重新读取设置文件；设置保持不变
fault-settings-not-reloaded-cause = 文件被手动编辑过，其中有错误。
fault-settings-not-reloaded-advice = 请修复详细信息中指出的问题，然后重新加载或重启服务。
fault-settings-damaged = 设置文件已损坏，已移到一旁；目前使用默认值
fault-settings-damaged-cause = 磁盘错误、断电，或者手动编辑时出现错误。
fault-settings-damaged-advice = 损坏的文件保留在同一文件夹中。请在“设置”中重新进行所需的设置。
fault-not-sealed = 无法密封已存储的机密
fault-not-sealed-cause = 服务的帐户无法使用系统的密封功能，或者文件夹无法更改。
fault-not-sealed-advice = 这些机密仍在使用，仅由文件的权限保护。请修复详细信息中指出的问题，然后重启服务。
fault-ca-unusable = 无法使用额外的 CA 文件
fault-ca-unusable-cause = 文件已被移动或删除、服务的帐户没有读取权限，或者它不是 PEM 格式。
fault-ca-unusable-advice = 它必须是包含证书且服务可以读取的 PEM 文件。请在“设置”中选择其他文件。
fault-no-ca-certificates = 此系统没有 CA 证书，因此无法信任 Azure
fault-no-ca-certificates-cause = 精简的容器映像或最小化安装中没有 CA 列表。
fault-no-ca-certificates-advice = 请安装软件包 ca-certificates 并重新启动服务，或在“设置”中选择 PEM 文件。
fault-feed-unreachable = 尚不知道是否有更新的版本：无法访问发布源
fault-feed-unreachable-cause = 此计算机无法访问互联网，或者只能通过未在此处设置的代理访问。
fault-feed-unreachable-advice = 稍后会自动再次查询。请检查网络和代理，或在“设置”中更改或关闭查找新版本的位置。
fault-release-not-trusted = 发布源提供的版本不受信任，已被拒绝
fault-release-not-trusted-cause = 发布源不是此程序的来源，或者有人更改了其内容。
fault-release-not-trusted-advice = 未做任何更改。请从此程序的来源获取新版本，并检查发布源由谁负责。
fault-release-replayed = 发布源提供的版本比以前提供的更旧，已被拒绝
fault-release-replayed-cause = 发布源的副本已过时，或者有人故意提供旧版本。
fault-release-replayed-advice = 未做任何更改。可能有人使此计算机无法获得更新的版本：请检查发布源由谁负责。
fault-release-unreadable = 发布源提供的内容不是此版本能够读取的发布版本
fault-release-unreadable-cause = 该地址指向其他页面，或者发布源用于更新得多的版本。
fault-release-unreadable-advice = 未做任何更改。请在“设置”中检查发布源的地址。
fault-release-damaged = 发布版本中的某个文件与其清单不符，已被拒绝
fault-release-damaged-cause = 下载中断、途中的缓存保留了旧文件，或者有人更改了该文件。
fault-release-damaged-advice = 未做任何更改。请重试；如果仍然如此，请检查发布源由谁负责。
fault-upgrade-by-hand = 服务无法自行升级此安装
fault-upgrade-by-hand-cause = 安装时没有包含负责安装新版本的组件：从源代码构建、在容器中运行，或者手动启动。
fault-upgrade-by-hand-advice = 请按照安装当前版本的方式安装新版本。连接和设置会保留。
fault-upgrader-silent = 负责安装新版本的组件没有响应
fault-upgrader-silent-cause = 负责安装新版本的组件被禁用、已被删除，或者无法启动。
fault-upgrader-silent-advice = 未做任何更改。请手动安装新版本，或请管理员检查服务“hybrid-connection-manager-upgrade”。
fault-upgrade-failed = 新版本未能安装
fault-upgrade-failed-cause = 磁盘已满、正在进行其他安装，或者文件被其他程序占用。
fault-upgrade-failed-advice = 当前版本继续运行。请修复详细信息中指出的问题后重试，或手动安装新版本。
fault-upgrade-rolled-back = 新版本没有及时响应，已恢复之前的版本
fault-upgrade-rolled-back-cause = 新版本无法在此计算机上启动，或者需要的时间超过了限制。
fault-upgrade-rolled-back-advice = 一切均已恢复原状。请查看日志了解原因并报告该问题。
fault-not-written = 磁盘未能保存更改
fault-not-written-cause = 磁盘已满、达到配额，或者文件夹的权限已更改。
fault-not-written-advice = 未做任何更改。请释放磁盘空间或修复详细信息中指出的问题，然后重试。
fault-home-read-only = 服务的文件夹为只读，无法保存任何更改
fault-home-read-only-cause = 文件夹位于只读文件系统上（例如在容器中），或者其权限已更改。
fault-home-read-only-advice = 连接照常运行。请让详细信息中指出的文件夹可写；无需重启任何程序。
fault-open-files-exhausted = 服务不能再打开更多文件，因此拒绝新的流
fault-open-files-exhausted-cause = 同时存在非常多的流，或者服务的打开文件数限制过低。
fault-open-files-exhausted-advice = 每个流占用两个文件。请提高服务的打开文件数限制（其单元中的 LimitNOFILE=）并重启服务，或在另一台计算机上再运行一个服务。
fault-logs-unwritable = 无法写入日志文件
fault-logs-unwritable-cause = 磁盘已满，或者日志文件夹的权限已更改。
fault-logs-unwritable-advice = 服务在没有日志文件的情况下运行；“日志”仍显示最近的行。请修复详细信息中指出的问题；如果之后仍未恢复写入，请重启服务。
fault-status-channel-closed = 此计算机上的其他帐户无法查看状态
fault-status-channel-closed-cause = 另一个程序占用了通道的名称：第二个服务，或者尚未结束的服务。
fault-status-channel-closed-advice = 服务每分钟会重试一次。请结束此处指出的程序，或在“设置”中关闭此功能。
fault-metrics-closed = 无法读取指标
fault-metrics-closed-cause = 另一个程序占用了该端口，或者该地址不属于此计算机。
fault-metrics-closed-advice = 服务会自行重试。请结束此处指出的程序，或在“设置”的“Prometheus 指标地址”中改用其他端口，也可将其留空。
fault-policy-denied = 此计算机的策略不允许此连接
fault-policy-denied-cause = 此计算机的管理员只允许选定的终结点。
fault-policy-denied-advice = 请让此计算机的管理员在此处指出的策略中允许其终结点。策略更改后数秒内生效。
fault-policy-unreadable = 此计算机的策略中有无法读取的内容，这些内容不允许任何连接
fault-policy-unreadable-cause = 策略中的某个条目有误，或者服务的帐户没有读取策略的权限。
fault-policy-unreadable-advice = 此计算机的管理员必须修复详细信息中指出的问题。策略更改后数秒内生效。
fault-other = 此版本不认识的故障
fault-other-cause = 服务的版本比显示此内容的程序更新。
fault-other-advice = 请为所有程序安装相同的版本。

## What goes wrong with an Azure account, and what to do
azure-error-sign-in-denied = 登录已在浏览器中取消
azure-advice-sign-in-denied = 请重新登录，或使用其他登录方式。
azure-error-sign-in-timed-out = 未在限定时间内完成登录
azure-advice-sign-in-timed-out = 请重新开始登录。
azure-error-forged-answer = 浏览器返回了不属于此次登录的应答
azure-advice-forged-answer = 请重新开始登录，并在随后打开的页面中完成。
azure-error-no-browser = 无法打开浏览器
azure-advice-no-browser = 请改为在其他设备上使用代码。
azure-error-no-loopback = 此程序无法在此计算机上等待浏览器的应答
azure-advice-no-loopback = 请改为在其他设备上使用代码。
azure-error-code-expired = 代码已失效
azure-advice-code-expired = 请重新开始登录。
azure-error-consent-required = 需先获得同意，才能在此租户中使用该应用程序
azure-advice-consent-required = 请让租户的管理员给予同意，或在“设置”的“客户端 ID”中指定可以使用的应用程序。
azure-error-interaction-required = Azure 要求完成登录的其他步骤，例如多重身份验证
azure-advice-interaction-required = 请使用浏览器登录，并在其中完成该步骤。
azure-error-conditional-access = 租户的条件访问策略不允许此次登录
azure-advice-conditional-access = 请从策略允许的设备和网络登录，或联系租户的管理员。
azure-error-not-in-tenant = 该帐户不属于此租户
azure-advice-not-in-tenant = 请使用该租户的帐户，或请求被邀请为来宾。
azure-error-unknown-application = Azure 不认识登录所用的租户或应用程序
azure-advice-unknown-application = 请检查“设置”中的“租户”和“客户端 ID”。
azure-error-bad-credentials = Azure 不接受这些凭据
azure-advice-bad-credentials = 请检查帐户，或使用其他登录方式。
azure-error-sign-in-failed = Azure 拒绝了登录
azure-advice-sign-in-failed = 请重试，或使用其他登录方式。
azure-error-no-azure-cli = 未安装 Azure CLI，或 PATH 中没有它
azure-advice-no-azure-cli = 请安装它，或使用其他登录方式。
azure-error-azure-cli-signed-out = Azure CLI 未登录任何帐户
azure-advice-azure-cli-signed-out = 请在终端中运行“az login”，或使用其他登录方式。
azure-error-no-environment = 环境变量中既没有服务主体，也没有托管标识
azure-advice-no-environment = 请使用其他登录方式。
azure-error-token-refused = Azure 不再接受此次登录 (401)
azure-advice-token-refused = 请重新登录。已选择的内容会保留。
azure-error-wrong-tenant = 登录的租户与订阅的租户不同
azure-advice-wrong-tenant = 请在“设置”的“租户”中指定订阅所属的租户，然后重新登录。
azure-error-forbidden = 该帐户无权执行此操作 (403)
azure-advice-forbidden = 资源的所有者或订阅的管理员可以授予该权限；角色“Azure 中继所有者”具有此权限。
azure-error-locked = Azure 中的锁使密钥无法读取
azure-advice-locked = 请让所有者移除该锁，或粘贴连接字符串。
azure-error-refused = Azure 拒绝了此操作
azure-advice-refused = Azure 给出的说明中写有原因；请在 Azure 中更改，或联系资源的所有者。
azure-error-not-found = Azure 中没有该资源 (404)
azure-advice-not-found = 它已被删除或重命名。请重新读取列表。
azure-error-no-listen-rule = 混合连接及其命名空间的规则都没有 Listen（侦听）权限
azure-advice-no-listen-rule = 请在门户中添加具有 Listen（侦听）权限的共享访问策略。
azure-error-throttled = Azure 要求减少请求 (429)
azure-advice-throttled = 请等待几分钟，然后重试。
azure-error-azure-failed = Azure 自身出现问题
azure-advice-azure-failed = 请重试；如果一直如此，请查看 Azure 的状态页面。
azure-error-not-azure = 应答并非来自 Azure，例如来自强制网络门户或代理
azure-advice-not-azure = 请在浏览器中打开任意网页并登录网络，然后重试。
azure-error-unreachable = 无法连接到 Azure
azure-advice-unreachable = 请检查网络和此计算机的 DNS，并确认允许端口 443 上的出站 TCP 连接。
azure-error-timed-out = Azure 未及时应答
azure-advice-timed-out = 请检查网络，然后重试。
azure-error-interrupted = 与 Azure 的连接在应答过程中断开
azure-advice-interrupted = 请重试。
azure-error-untrusted = 对方的证书不受信任
azure-advice-untrusted = 如果你的网络会检查 TLS，请在“设置”的“额外的 CA 证书”中添加其 CA。
azure-error-proxy-refused = 代理不允许连接到 Azure
azure-advice-proxy-refused = 请检查“设置”中“代理”的用户名和密码。
azure-error-proxy-unreachable = 无法连接到代理
azure-advice-proxy-unreachable = 请确认代理正在运行，并且“设置”中的代理地址正确。如果不使用代理，请将“代理”留空。
azure-error-proxy-password = 代理需要密码，而只有服务知道该密码
azure-advice-proxy-password = 请为此步骤输入代理的密码。
azure-error-bad-setting = 登录所用的某项设置无法使用
azure-advice-bad-setting = 请在“设置”的“Azure 登录”或“代理”中更正。
azure-error-bad-answer = 无法理解 Azure 的应答
azure-advice-bad-answer = 请重试；如果一直如此，较新的版本也许能够理解它。
