package imaptest

// cyrusScript starts the server as the user mail. It logs with syslog only, to /dev/log, a compiled-in path; where it
// has mounts of its own it gets a /dev in which that is the socket that serveSyslog reads.
const cyrusScript = `
if [ $$ = 1 ]; then
  mount -t tmpfs tmpfs $DIR/dev
  for device in null zero full random urandom; do
    touch $DIR/dev/$device
    mount --bind /dev/$device $DIR/dev/$device
  done
  ln -s $DIR/syslog $DIR/dev/log
  mount --rbind $DIR/dev /dev
fi
exec setpriv --reuid=$UID --regid=$GID --clear-groups --pdeathsig=KILL \
  $BIN/master -C $DIR/imapd.conf -M $DIR/cyrus.conf -p $DIR/master.pid
`

const imapdConf = `configdirectory: $DIR/conf
proc_path: $DIR/proc
mboxname_lockpath: $DIR/lock
partition-default: $DIR/mail
defaultpartition: default
cyrus_user: mail
servername: $NAME
serverinfo: on
altnamespace: yes
unixhierarchysep: yes
virtdomains: no
allowplaintext: yes
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: $DIR/mux
sasl_mech_list: PLAIN LOGIN
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Drafts | Sent | Trash | Junk | Archive
autocreate_subscribe_folders: Drafts | Sent | Trash | Junk | Archive
xlist-drafts: Drafts
xlist-sent: Sent
xlist-trash: Trash
xlist-junk: Junk
xlist-archive: Archive
specialusealways: 1
conversations: 0
tls_server_cert: $DIR/cert.pem
tls_server_key: $DIR/key.pem
tls_client_ca_file: $DIR/ca.pem
lmtpsocket: $DIR/socket/lmtp
idlesocket: $DIR/socket/idle
notifysocket: $DIR/socket/notify
failedloginpause: 0
maxlogins_per_user: 0
maxlogins_per_host: 0
popminpoll: 0
timeout: 32
`

const cyrusConf = `START {
  recover cmd="$BIN/ctl_cyrusdb -C $DIR/imapd.conf -r"
  idled cmd="$BIN/idled -C $DIR/imapd.conf"
}
SERVICES {
  imap  cmd="$BIN/imapd -C $DIR/imapd.conf" listen="127.0.0.1:$PORT" prefork=1 maxchild=500
  imaps cmd="$BIN/imapd -C $DIR/imapd.conf -s" listen="127.0.0.1:$TLSPORT" prefork=0 maxchild=500
}
EVENTS {
  checkpoint cmd="$BIN/ctl_cyrusdb -C $DIR/imapd.conf -c" period=30
}
`
