import type { Words } from "./book.ts";
import { forSchedulers, lookAgain, lookAt, stopIt, tryOut, withCurlAlone } from "./operator-commands.ts";

/** The run-book in Japanese. Only characters of code page 932. */
export const japanese: Words = {
  answer: { running: "実行中のジョブがある場合の応答", idle: "実行中のジョブがない場合の応答" },
  code: "終了コード",
  jobsHead: ["ジョブ", "コマンドでの表示", "このジョブだけを停止する場合"],
  trust: {
    plain: { text: "アドレス {url} では証明書を使用していません。Windows に信頼させるものはありません。" },
    given: {
      text: "Windows がサーバーの証明書を信頼している必要があります。証明書はこのフォルダーの certificate.crt です。拇印(SHA-1)は {thumbprint} です。certificate.crt をダブルクリックし、「詳細」の拇印が {contact} の読み上げる値と一致することを確認してから、「証明書のインストール」、「現在のユーザー」、「信頼されたルート証明機関」の順に選びます。次の 1 行を貼り付けても同じです: certutil -user -addstore Root certificate.crt  コマンドを実行するユーザーで行ってください。ドメインですでに信頼されている場合は、何もする必要はありません。",
    },
    store: {
      text: "Windows が {url} の証明書を信頼している必要があります。多くの会社では、社内認証局の証明書が各 PC の Windows 証明書ストアに登録済みです(手順 4 で確認できます)。信頼されていない場合(curl の終了コードが 35 または 60)は、認証局の証明書を {contact} から受け取り、ダブルクリックして「証明書のインストール」、「現在のユーザー」、「信頼されたルート証明機関」の順に選びます。コマンドを実行するユーザーで行ってください。",
    },
  },
  book: [
    { kind: "title", text: "手順書: {pool} のデータジョブの停止" },
    {
      kind: "text",
      text: "確認することは 1 つだけです。「{pool} のソースシステムに何かが接続しているか」。STATUS.cmd がこれを確認します。同じソースシステムを読む、このサーバーのほかのプールも対象です。ソースシステムを停止してよいのは、応答が NIGHTDESK CLEAR のときだけです(NIGHTDESK REPORTED CLEAR でもよいと指示されている場合は、それも含みます)。それ以外の応答のとき、または判断に迷うときは、ソースシステムを停止せず、{contact} に連絡してください。",
    },
    {
      kind: "text",
      text: "サーバー: {url}  プール: {poolId}  このキットのキー: {keyName}、{keyPrefix}...  このキーでできるのは、このプールの状態確認と停止だけです。有効期限: {expires}  作成: {made}、Nightdesk {version}",
    },
    { kind: "heading", text: "ジョブ一覧" },
    { kind: "jobs" },
    { kind: "heading", text: "1. 最初の夜の前に 1 回だけ行うこと" },
    {
      kind: "preparation",
      steps: [
        {
          text: "キットを zip で受け取った場合: zip を右クリックし、「プロパティ」で「許可する」(ブロックの解除)にチェックを付けて OK を押してから、「すべて展開」を選びます。lib も含め、すべてのファイルを 1 つのフォルダーに置いてください。",
        },
        {
          text: 'key.txt はキーです。誰にも渡さず、自分だけが読めるようにします。このフォルダーのコマンドプロンプトで: icacls key.txt /inheritance:r /grant:r "%USERNAME%:R"  フォルダーを紛失した場合や、他人にコピーされた場合は {contact} に連絡してください。キー {keyPrefix}... はすぐに無効にできます。',
        },
        {
          text: "日中に、このフォルダーのコマンドプロンプトで試します。状態を確認するだけです。NIGHTDESK UNREACHABLE と表示された場合は 6. を見てください。",
          commands: [tryOut],
        },
      ],
    },
    { kind: "heading", text: "2. 夜間の手順" },
    {
      kind: "steps",
      steps: [
        {
          text: "STATUS.cmd をダブルクリックします。NIGHTDESK CLEAR なら手順 3 へ、NIGHTDESK RUNNING なら手順 2 へ、それ以外なら手順 4 へ進みます。",
          commands: [lookAt],
        },
        {
          text: "STOP.cmd をダブルクリックします。実行中のジョブが表示され、確認を求められます。半角大文字で STOP と入力し、Enter を押します。そのまま待ちます(通常 4 分以内、最長 11 分)。NIGHTDESK CLEAR なら手順 3 へ、それ以外なら手順 4 へ進みます。",
          commands: [stopIt],
        },
        {
          text: "ソースシステムを停止する直前に、もう一度 STATUS.cmd をダブルクリックします。その間にスケジュールでジョブが始まっている可能性や、ほかのプールが同じソースシステムを読んでいる可能性があるためです。NIGHTDESK CLEAR なら、ソースシステムを停止してかまいません。時刻と最後の行を引き継ぎ記録に残してください。それ以外なら、1 回だけ手順 2 に戻り、それでも変わらなければ手順 4 へ進みます。",
          commands: [lookAgain],
        },
        {
          text: "ソースシステムを停止しないでください。応答に待つべき時刻が書かれている場合は、その時刻まで待ってから、もう一度 STATUS.cmd を実行します。書かれていない場合、またはその時刻になっても変わらない場合は、{contact} に連絡し、表示された応答をすべて読み上げてください。指示があるまでの間、STATUS.cmd と STOP.cmd は何度実行しても害はありません。一度受け付けられた停止要求は、サーバー側で続行されます。",
        },
      ],
    },
    { kind: "heading", text: "3. 応答の意味" },
    {
      kind: "table",
      head: ["コード", "1 行目", "意味", "すること"],
      rows: [
        ["0", "NIGHTDESK CLEAR", "実行中、待機中のジョブはない。ソースシステムで確認済み。", "次へ進む。"],
        [
          "4",
          "NIGHTDESK REPORTED CLEAR",
          "プラットフォームは実行なしと報告。ソースシステムでは未確認。",
          "これでよいと指示されている場合だけ次へ進む。",
        ],
        ["10", "NIGHTDESK RUNNING", "実行中または待機中のジョブがある。", "STOP.cmd"],
        ["20", "NIGHTDESK UNKNOWN", "不明、または停止を確認できていない。", "停止しない。{contact} に連絡。"],
        ["30", "NIGHTDESK DENIED", "キーが拒否された、または期限切れ。", "停止しない。{contact} に連絡。"],
        ["40", "NIGHTDESK UNREACHABLE", "応答がない。", "停止しない。6. を見て、{contact} に連絡。"],
        ["50", "NIGHTDESK USAGE", "コマンドまたはキットに誤りがある。", "停止しない。{contact} に連絡。"],
      ],
    },
    {
      kind: "text",
      text: "表の「停止しない」は、ソースシステムを停止しないという意味です。1 行目が応答、最後の行は CODE で始まります。ASCII 以外の文字は \\u と番号で表示されます(上のジョブ一覧に両方の表記があります)。... は、その時々で変わる部分です。",
    },
    { kind: "heading", text: "4. .cmd ファイルがない場合" },
    {
      kind: "text",
      text: "メールゲートウェイが .cmd ファイルを削除することがあります。その場合は、このフォルダーでコマンドプロンプトを開き、次の行を貼り付けます。必ず curl.exe と書いてください(PowerShell の curl は別のコマンドです)。判断に使うのは応答の 1 行目だけで、ここに書かれた文字列と完全に一致する場合に限ります。2 つ目の行は停止の要求です。その後は必ず 1 つ目の行をもう一度貼り付け、その応答で判断してください。",
    },
    { kind: "commands", commands: withCurlAlone },
    { kind: "heading", text: "5. ジョブスケジューラーで使う場合 (JP1、Control-M、タスク スケジューラ)" },
    {
      kind: "text",
      text: "/AUTO を付けると、確認も、キー入力待ちも、色の変更もありません。標準入力は NUL でかまいません。終了コードが応答です。値が大きいほど重大です。0 と 4 は正常、10 以上は正常ではありません。「不明」が 0 や 4 になることはありません。",
    },
    { kind: "commands", commands: forSchedulers },
    {
      kind: "table",
      head: ["スケジューラー", "終了コードの判定", "打ち切り時間"],
      rows: [
        [
          "JP1/AJS",
          "PC ジョブ。実行ファイル名に STOP.cmd、パラメーターに /AUTO。終了判定は「しきい値による判定」: 警告しきい値 0、異常しきい値 4。0 は正常終了、4 は警告終了、10 以上は異常終了になります。",
          "STOP.cmd 15 分、STATUS.cmd 2 分",
        ],
        [
          "Control-M",
          "コマンドに /AUTO を付ける。On COMPSTAT EQ 4: Do OK (REPORTED CLEAR では足りない場合は通知)。On COMPSTAT GT 4: Do NOTOK とし、{contact} に通知。",
          "STOP.cmd 15 分、STATUS.cmd 2 分",
        ],
        [
          "タスク スケジューラ",
          'プログラム cmd.exe、引数 /c ""C:\\このフォルダーのパス\\STOP.cmd" /AUTO"。しきい値はありません。「前回の実行結果」にコードが 16 進数で表示されます (0x0、0x4、0xA、0x14、0x1E、0x28、0x32)。タスクがすでに実行中の場合: 新しいインスタンスを開始しない。',
          "タスクを停止するまでの時間: 15 分",
        ],
      ],
    },
    {
      kind: "text",
      text: "サーバーの状態にかかわらず、STATUS.cmd は 40 秒以内、STOP.cmd は 11 分以内に終わります。スケジューラーに強制終了されても、害のあるものは残りません。curl.exe が最長 40 秒残ることがありますが、開始時の 1 回の要求以外は何も送りません。受け付けられた停止要求はサーバーに記録され、続行されます。STOP.cmd をもう一度実行すると、同じ停止に合流します。フォルダー %TEMP% に nightdesk-... というファイルが最大 4 個残ることがあります。キーは含まれていません。削除してください。強制終了されたジョブにスケジューラーが付けるコードは応答ではありません。UNKNOWN として扱ってください。",
    },
    { kind: "heading", text: "6. 応答がない場合、ログインページが返る場合" },
    {
      kind: "steps",
      steps: [
        {
          text: "curl の終了コード 6 または 7: ネットワーク、または指定が必要なプロキシです。curl は Windows のプロキシ設定を読みません。settings.txt を開き、プロキシの行の先頭の # を削除してください。",
        },
        {
          text: "curl の終了コード 28、52 または 56: 応答が遅すぎるか、接続が切れました。もう一度試し、それでもだめなら {contact} に連絡してください。",
        },
        {
          text: "curl の終了コード 35 または 60: 証明書の問題です。1. の手順 1 を見てください。メッセージに revocation(失効)とある場合は、この PC から失効リストに接続できません。settings.txt の ssl-no-revoke の行の先頭の # を削除してください。",
        },
        {
          text: "curl.exe がない: Windows 10 1803 以降と Server 2019 以降に付属しています。それより古い場合は、ブラウザーで {url}/ を開き、key.txt の最後の行の AppKey と引用符の間にあるキーでサインインするか、別の PC を使ってください。",
        },
        {
          text: "NIGHTDESK DENIED: キーが期限切れ、または無効になっています。{contact} が新しいキットを作成します。",
        },
      ],
    },
  ],
};
