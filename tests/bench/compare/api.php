<?php
// SPDX-License-Identifier: ISC
//
// What Latchkey is compared with: the API's balance, status, services and add
// as one lean PHP script with PDO and SQLite, for PHP-FPM with opcache.  It
// reads the same database and pepper, does the same checks, counts the same
// three limits and gives the same bytes.  Written to be fast: connections are
// kept, what is done in one statement elsewhere is done in one here, and all
// that does not change is in a file that opcache keeps.
//
// config.php, beside it, returns: dir (with latchkey.db and rate.db), pepper
// (its bytes), currency, rate_ip, rate_key and journal (pragmas of a writer of
// orders).  What was tried and is no faster: a lock of a file for writers to
// queue at (fewer calls, a shorter tail), other journals for the counters than
// a log that is written ahead, the just-in-time compiler; for a status of many
// a statement that is prepared once and run for each, or a list of values in
// the place of IN.
declare(strict_types=1);

const WINDOW = 60;
const TOUCH = 300;
const MONEY_MAX = 4000000000000000000;
const LEDGER_ORDER = 1;
const LEDGER_REVENUE = -1;
const BASE62 =
    '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const STATUS = [1 => 'Pending', 'In progress', 'Processing', 'Completed',
    'Partial', 'Canceled'];

$config = require __DIR__ . '/config.php';
$writing = null;

function answer(mixed $model, int $status = 200): never
{
    $body = json_encode($model, JSON_UNESCAPED_SLASHES |
        JSON_UNESCAPED_UNICODE);
    if ($status !== 200)
        http_response_code($status);
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($body));
    echo $body;
    exit;
}

function fail(string $text, int $status = 200): never
{
    answer(['error' => $text], $status);
}

// Amounts with at least two places and no needless zeros after them.
function money(int $value, int $unit, int $places): string
{
    $fraction = str_pad((string)($value % $unit), $places, '0', STR_PAD_LEFT);
    return intdiv($value, $unit) . '.' .
        str_pad(rtrim($fraction, '0'), 2, '0');
}

// A kept connection.
function open_database(string $name): PDO
{
    global $config;
    return new PDO("sqlite:{$config['dir']}/$name", null, null, [
        PDO::ATTR_PERSISTENT => true,
        PDO::ATTR_TIMEOUT => 5,
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM,
    ]);
}

// Begins to write.  The settings of a connection are said each time, since
// nothing tells whether a kept one is new.
function begin(PDO $db, string $settings): void
{
    global $writing;
    $db->exec("$settings; BEGIN IMMEDIATE");
    $writing = $db;
}

function finish(string $how): void
{
    global $writing;
    $writing->exec($how);
    $writing = null;
}

// A connection that is kept must not keep a transaction.
set_exception_handler(function (Throwable $e): never {
    global $writing;
    error_log((string)$e);
    if ($writing !== null)
        finish('ROLLBACK');
    $busy = $e instanceof PDOException && ($e->errorInfo[1] ?? 0) === 5;
    fail($busy ? 'Service temporarily unavailable' : 'Internal error',
        $busy ? 503 : 500);
});

function run(PDO $db, string $sql, array $args): PDOStatement
{
    $st = $db->prepare($sql);
    foreach ($args as $i => $value)
        $st->bindValue($i + 1, $value, match (true) {
            is_int($value) => PDO::PARAM_INT,
            $value === null => PDO::PARAM_NULL,
            default => PDO::PARAM_STR,
        });
    $st->execute();
    return $st;
}

// --- the key ---------------------------------------------------------------

function is_well_formed(string $key): bool
{
    if (strlen($key) !== 49 || !str_starts_with($key, 'lk_') ||
        !ctype_alnum(substr($key, 3)))
        return false;
    $crc = crc32(substr($key, 0, 43));
    $check = '';
    for ($i = 0; $i < 6; $i++) {
        $check = BASE62[$crc % 62] . $check;
        $crc = intdiv($crc, 62);
    }
    return $check === substr($key, 43);
}

function find_caller(PDO $db, mixed $key): ?array
{
    global $config;
    if (!is_string($key) || !is_well_formed($key))
        return null;
    $mac = hash_hmac('sha256', $key, $config['pepper'], true);
    $row = run($db, 'SELECT k.id, k.mac, k.account_id, k.last_used_at,
        a.suspended_at, t.calls_per_minute
        FROM api_key k
        JOIN account a ON a.id = k.account_id
        JOIN tier t ON t.id = a.tier_id
        WHERE k.public_id = ? AND k.revoked_at IS NULL',
        [substr($key, 3, 8)])->fetch();
    $same = hash_equals($row ? $row[1] : str_repeat("\0", 32), $mac);
    return $row && $same ? $row : null;
}

// --- limits ----------------------------------------------------------------

// Counts in all layers or, where one has run out, in none: one statement.
function count_call(array $layers, int $now): void
{
    $db = open_database('rate.db');
    $rows = implode(', ', array_fill(0, count($layers), '(?, ?, 1)'));
    $args = [];
    foreach ($layers as $subject => $limit)
        array_push($args, $subject, $now);
    begin($db, 'PRAGMA synchronous = OFF');
    $st = run($db, "INSERT INTO counter (subject, window_start, used)
        VALUES $rows ON CONFLICT (subject) DO UPDATE SET
        used = CASE WHEN excluded.window_start - window_start BETWEEN 0 AND 59
        THEN used + 1 ELSE 1 END,
        window_start = CASE WHEN excluded.window_start - window_start
        BETWEEN 0 AND 59 THEN window_start ELSE excluded.window_start END
        RETURNING subject, window_start, used", $args);
    $least = $denied = null;
    $tier = 0;
    foreach ($st->fetchAll() as [$subject, $start, $used]) {
        $c = [$layers[$subject], $layers[$subject] - $used,
            $start + WINDOW, $subject[0]];
        if ($least === null || $c[1] < $least[1])
            $least = $c;
        if ($c[1] < 0 && $denied === null)
            $denied = $c;
        if ($subject[0] === 't')
            $tier = $c[1];
    }
    $st->closeCursor();
    finish($denied === null ? 'COMMIT' : 'ROLLBACK');
    if ($denied !== null) {
        $names = ['i' => 'ip', 'k' => 'key', 't' => 'tier'];
        $least = [$denied[0], 0, $denied[2]];
        header("X-RateLimit-DeniedBy: {$names[$denied[3]]}");
        header('Retry-After: ' . max(1, $denied[2] - $now));
    }
    if ($denied !== null || count($layers) === 3) {
        header("X-RateLimit-Limit: $least[0]");
        header("X-RateLimit-Remaining: $least[1]");
        header("X-RateLimit-Reset: $least[2]");
        header("X-RateLimit-Tier-Remaining: $tier");
    }
    if ($denied !== null)
        fail('Rate limit exceeded', 429);
}

// --- actions ---------------------------------------------------------------

function balance(PDO $db, int $account): never
{
    global $config;
    $nano = run($db, 'SELECT balance_nano FROM account WHERE id = ?',
        [$account])->fetchColumn();
    answer(['balance' => money($nano, 1000000000, 9),
        'currency' => $config['currency']]);
}

function status(PDO $db, int $account): never
{
    global $config;
    $ids = explode(',', (string)($_POST['orders'] ?? ''));
    if (count($ids) > 100)
        fail('Maximum 100 orders');
    // Only whole numbers get into the text.
    $good = implode(',', array_filter($ids,
        fn($id) => ctype_digit($id) && strlen($id) < 19));
    $found = [];
    $rows = $db->query("SELECT id, status, remains, start_count, charge_nano
        FROM orders WHERE id IN ($good) AND +account_id = $account");
    foreach ($rows as [$id, $status, $remains, $start_count, $charge])
        $found[$id] = ['charge' => money($charge, 1000000000, 9),
            'start_count' => (string)$start_count,
            'status' => STATUS[$status],
            'remains' => (string)$remains,
            'currency' => $config['currency']];
    $model = [];
    foreach ($ids as $id)
        $model[$id] = $found[$id] ?? ['error' => 'Incorrect order ID'];
    answer($model);
}

function services(PDO $db): never
{
    $model = [];
    $rows = $db->query('SELECT id, name, type, category, description,
        rate_micro, min, max, refill, cancel, dripfeed FROM service
        WHERE active = 1 ORDER BY category, id');
    foreach ($rows as $r)
        $model[] = ['service' => $r[0], 'name' => $r[1], 'type' => $r[2],
            'category' => $r[3], 'rate' => money($r[5], 1000000, 6),
            'min' => (string)$r[6], 'max' => (string)$r[7],
            'refill' => $r[8] !== 0, 'cancel' => $r[9] !== 0,
            'dripfeed' => $r[10] !== 0, 'desc' => $r[4]];
    answer($model);
}

// Ends the order's transaction, of which nothing is to be left.
function refuse(string $text): never
{
    finish('ROLLBACK');
    fail($text);
}

// An order of the type "Default", without runs.
function add(PDO $db, int $account, int $now): never
{
    global $config;
    $service = (string)($_POST['service'] ?? '');
    $link = (string)($_POST['link'] ?? '');
    $quantity = (string)($_POST['quantity'] ?? '');
    begin($db, $config['journal']);
    if (!ctype_digit($service) || strlen($service) > 18)
        refuse('Incorrect service ID');
    $row = run($db, "SELECT rate_micro, min, max FROM service
        WHERE id = ? AND active = 1 AND type = 'Default'",
        [(int)$service])->fetch();
    if (!$row)
        refuse('Incorrect service ID');
    [$rate, $min, $max] = $row;
    if (!preg_match('~^https?://[^/?#:@\s][^\s[:cntrl:]]*$~i', $link) ||
        preg_match_all('/[^\x80-\xbf]/', $link) > 1000)
        refuse('Bad link');
    if (!ctype_digit($quantity) || strlen($quantity) > 9)
        refuse('Incorrect quantity');
    $quantity = (int)$quantity;
    if ($quantity < $min)
        refuse("Quantity less than minimal $min");
    if ($quantity > $max)
        refuse("Quantity more than maximum $max");
    $charge = $rate * $quantity;
    if (is_float($charge) || $charge > MONEY_MAX)
        refuse('Incorrect quantity');
    $link_hash = unpack('q', hash('sha256', $link, true))[1];
    if (run($db, 'SELECT id FROM orders WHERE account_id = ?
        AND +service_id = ? AND link_hash = ? AND status < 4 AND link = ?
        LIMIT 1', [$account, (int)$service, $link_hash, $link])->fetch())
        refuse('You have active order with this link. Please wait' .
            ' until order being completed.');
    run($db, 'INSERT INTO orders (account_id, service_id, status, link,
        link_hash, quantity, remains, price_micro, charge_nano, created_at,
        updated_at) VALUES (?1, ?2, 1, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?8)',
        [$account, (int)$service, $link, $link_hash, $quantity, $rate,
        $charge, $now]);
    $order = (int)$db->lastInsertId();
    $st = run($db, 'UPDATE account SET balance_nano = balance_nano - ?1
        WHERE id = ?2 AND balance_nano >= ?1
        RETURNING balance_nano, low_balance_nano', [$charge, $account]);
    if ($st->fetch() === false)
        refuse('Not enough funds on balance');
    $st->closeCursor();
    run($db, 'INSERT INTO txn (kind, order_id, posted_at)
        VALUES (?, ?, ?)', [LEDGER_ORDER, $order, $now]);
    $txn = (int)$db->lastInsertId();
    run($db, 'INSERT INTO entry (ledger_id, txn_id, amount_nano)
        VALUES (?1, ?2, ?3), (?4, ?2, ?5)',
        [$account, $txn, -$charge, LEDGER_REVENUE, $charge]);
    // Nobody here has webhooks; that is looked up all the same.
    run($db, 'SELECT 1 FROM webhook WHERE account_id = ? AND status = 1
        AND events & 1 LIMIT 1', [$account])->fetch();
    finish('COMMIT');
    answer(['order' => $order]);
}

// --- the call --------------------------------------------------------------

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    header('Allow: POST');
    fail('Method not allowed, use POST', 405);
}
$now = time();
$db = open_database('latchkey.db');
$caller = find_caller($db, $_POST['key'] ?? null);
$layers = ["i{$_SERVER['REMOTE_ADDR']}" => $config['rate_ip']];
if ($caller === null || $caller[4] !== null) {
    count_call($layers, $now);
    fail($caller === null ? 'Invalid API key' : 'Account suspended');
}
[$key_id, , $account, $used_at, , $tier_limit] = $caller;
$layers["k$key_id"] = $config['rate_key'];
$layers["t$account"] = $tier_limit;
count_call($layers, $now);
if ($used_at === null || $used_at > $now || $used_at <= $now - TOUCH)
    run($db, 'UPDATE api_key SET last_used_at = ?
        WHERE account_id = ? AND id = ?', [$now, $account, $key_id]);
match ($_POST['action'] ?? '') {
    'balance' => balance($db, $account),
    'status' => status($db, $account),
    'services' => services($db),
    'add' => add($db, $account, $now),
    default => fail('Incorrect request'),
};
