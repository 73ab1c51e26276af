package imaptest

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

const tokenPrefix = "good-token-"

// tokens answers an IMAP server that asks whose an access token is (OAuth 2 token info).
type tokens struct {
	addr   string
	server *http.Server
}

func serveTokens() (*tokens, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tokens{addr: l.Addr().String(), server: &http.Server{Handler: http.HandlerFunc(answerToken)}}
	go t.server.Serve(l)
	return t, nil
}

// Close ends it at once.
func (t *tokens) Close() error { return t.server.Close() }

func answerToken(w http.ResponseWriter, r *http.Request) {
	user, good := strings.CutPrefix(r.URL.Query().Get("access_token"), tokenPrefix)
	w.Header().Set("Content-Type", "application/json")
	if !good || user == "" {
		w.WriteHeader(http.StatusUnauthorized)
		json.NewEncoder(w).Encode(map[string]any{"error": "invalid_token"})
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"active": true, "user": user, "expires_in": 3600})
}
