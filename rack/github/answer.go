package github

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// documentation is where GitHub's errors send their reader.
const documentation = "https://docs.github.com/rest"

// answer is what a call gets. A nil body is none.
type answer struct {
	status int
	body   any
	// items are a list, of which a page is sent; body is unused then.
	items []any
}

func found(body any) answer   { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }
func gone() answer            { return answer{status: http.StatusNoContent} }

func list[T any](items []T) answer {
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = item
	}
	return answer{status: http.StatusOK, items: all}
}

// problem is the body of an error.
type problem struct {
	Message       string    `json:"message"`
	Errors        []invalid `json:"errors,omitempty"`
	Documentation string    `json:"documentation_url"`
	Status        string    `json:"status"`
}

// invalid is one thing that is wrong with what was sent.
type invalid struct {
	Resource string `json:"resource"`
	Code     string `json:"code"`
	Field    string `json:"field,omitempty"`
	Message  string `json:"message,omitempty"`
}

func failure(status int, message string) answer {
	return answer{status: status, body: problem{
		Message: message, Documentation: documentation, Status: strconv.Itoa(status),
	}}
}

func notFound() answer { return failure(http.StatusNotFound, "Not Found") }

// refused is the answer to something well formed that GitHub will not have.
func refused(resource, field, message string) answer {
	a := failure(http.StatusUnprocessableEntity, "Validation Failed")
	body := a.body.(problem)
	body.Errors = []invalid{{Resource: resource, Code: "custom", Field: field, Message: message}}
	a.body = body
	return a
}

// send writes an answer: with an ETag, by which a client may ask whether anything has
// changed, and with what is left of the hour's calls.
func (s *Server) send(w http.ResponseWriter, req *http.Request, a answer) {
	header := w.Header()
	header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	rateLimit(header, 4999)
	if a.items != nil {
		a.body = page(header, req.URL, a.items)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	var content bytes.Buffer
	if err := json.NewEncoder(&content).Encode(a.body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	etag := fmt.Sprintf(`W/"%x"`, sha256.Sum256(content.Bytes()))
	header.Set("ETag", etag)
	if req.Method == http.MethodGet && a.status == http.StatusOK && req.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(content.Bytes())
}

func rateLimit(header http.Header, remaining int) {
	header.Set("X-RateLimit-Limit", "5000")
	header.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
	header.Set("X-RateLimit-Resource", "core")
}

// page cuts out the page that was asked for, and says where the others are
// (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api).
func page(header http.Header, at *url.URL, items []any) []any {
	size, number := 30, 1
	if n, err := strconv.Atoi(at.Query().Get("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(at.Query().Get("page")); err == nil && n > 0 {
		number = n
	}
	last := (len(items) + size - 1) / size
	links := ""
	link := func(n int, relation string) {
		query := at.Query()
		query.Set("page", strconv.Itoa(n))
		if links != "" {
			links += ", "
		}
		links += fmt.Sprintf("<https://%s%s?%s>; rel=%q", Host, at.Path, query.Encode(), relation)
	}
	if number > 1 {
		link(number-1, "prev")
		link(1, "first")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if links != "" {
		header.Set("Link", links)
	}
	from := min((number-1)*size, len(items))
	return slices.Clone(items[from:min(from+size, len(items))])
}
