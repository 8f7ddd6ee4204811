package cloudflare

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is what a call gets.
type answer struct {
	status   int
	result   any
	problems []message
	messages []message
	// items are a list, of which a page is sent; result is unused then.
	items []any
}

// message is an error, or a word that goes with a success.
type message struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// envelope is the body of every answer.
type envelope struct {
	Success  bool      `json:"success"`
	Errors   []message `json:"errors"`
	Messages []message `json:"messages"`
	Result   any       `json:"result"`
	Info     *pageInfo `json:"result_info,omitempty"`
}

type pageInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	Total      int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

func found(result any) answer { return answer{status: http.StatusOK, result: result} }

func list[T any](items []T) answer {
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = item
	}
	return answer{status: http.StatusOK, items: all}
}

func failure(status, code int, text string) answer {
	return answer{status: status, problems: []message{{code, text}}}
}

// send writes an answer in its envelope.
func send(w http.ResponseWriter, req *http.Request, a answer) {
	body := envelope{
		Success: len(a.problems) == 0, Result: a.result,
		Errors: append([]message{}, a.problems...), Messages: append([]message{}, a.messages...),
	}
	if a.items != nil {
		body.Result, body.Info = page(req, a.items)
	}
	content, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cf-Ray", newID()[:16]+"-HOM")
	w.WriteHeader(a.status)
	_, _ = w.Write(content)
}

// page cuts out the page that was asked for.
func page(req *http.Request, items []any) ([]any, *pageInfo) {
	number := func(key string, otherwise int) int {
		if n, err := strconv.Atoi(req.URL.Query().Get(key)); err == nil && n > 0 {
			return n
		}
		return otherwise
	}
	info := &pageInfo{Page: number("page", 1), PerPage: number("per_page", 20), Total: len(items)}
	info.TotalPages = (len(items) + info.PerPage - 1) / info.PerPage
	from := min((info.Page-1)*info.PerPage, len(items))
	cut := append([]any{}, items[from:min(from+info.PerPage, len(items))]...)
	info.Count = len(cut)
	return cut, info
}

// newID is an id as zones, records and tokens have them.
func newID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func cut(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, path
}

// statusRecorder remembers the answer's status.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
