package github

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// patience is how long GitHub waits for an answer to a webhook
// (https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks).
const patience = 10 * time.Second

// Delivery is a webhook that was sent.
type Delivery struct {
	Event, URL string
	// Status is the answer's; 0 when there was none.
	Status int
	// Err is why there was none.
	Err error
}

// Deliveries are the webhooks so far, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// Push announces that a branch of a repository, such as home-ops/home-ops, now ends in
// a commit. It returns once every webhook for pushes has been answered; an answer that
// is no success is an error.
func (s *Server) Push(ctx context.Context, repo, branch, sha string) error {
	s.mu.Lock()
	r := s.repos[strings.ToLower(repo)]
	if r == nil || s.client == nil {
		s.mu.Unlock()
		return fmt.Errorf("push to %s: there is no such repository, or no client that delivers webhooks", repo)
	}
	payload := pushEvent(r, branch, sha)
	var listening []hook
	for _, h := range r.hooks {
		if h.Active && (slices.Contains(h.Events, "push") || slices.Contains(h.Events, "*")) {
			listening = append(listening, *h)
		}
	}
	s.mu.Unlock()
	var errs []error
	for _, h := range listening {
		errs = append(errs, s.deliver(ctx, h, "push", payload))
	}
	return errors.Join(errs...)
}

// Forge sends a push to a webhook, as somebody does who knows its address and its secret. An answer that is no success is an error.
func (s *Server) Forge(ctx context.Context, repo, branch, sha string, to Hook) error {
	s.mu.Lock()
	r := s.repos[strings.ToLower(repo)]
	if r == nil || s.client == nil {
		s.mu.Unlock()
		return fmt.Errorf("push to %s: there is no such repository, or no client that delivers webhooks", repo)
	}
	payload := pushEvent(r, branch, sha)
	s.mu.Unlock()
	var h hook
	h.Config.URL, h.Config.ContentType, h.Config.Secret = to.URL, to.ContentType, to.Secret
	return s.deliver(ctx, h, "push", payload)
}

// pushEvent is the part of a push that receivers read
// (https://docs.github.com/en/webhooks/webhook-events-and-payloads#push).
func pushEvent(r *repository, branch, sha string) any {
	author := map[string]string{"name": r.Owner, "email": r.Owner + "@users.noreply.github.com"}
	head := map[string]any{"id": sha, "message": "a change", "author": author, "timestamp": now()}
	return map[string]any{
		"ref": "refs/heads/" + branch, "after": sha, "head_commit": head, "commits": []any{head},
		"repository": r.json(), "pusher": author, "sender": user{Login: r.Owner, Type: "User"},
	}
}

// ping greets a webhook. Nobody waits for the answer. The lock is held.
func (s *Server) ping(r *repository, h *hook) {
	if s.client == nil {
		return
	}
	greeted := *h
	payload := map[string]any{"zen": "Keep it logically awesome.", "hook_id": h.ID, "hook": h.shown(), "repository": r.json()}
	s.sending.Go(func() { _ = s.deliver(context.Background(), greeted, "ping", payload) })
}

// deliver sends one event, signed with the webhook's secret
// (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).
func (s *Server) deliver(ctx context.Context, h hook, event string, payload any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, said, err := s.post(ctx, h, event, payload)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("webhook %s to %s: answered %d: %s", event, h.Config.URL, status, said)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = append(s.deliveries, Delivery{Event: event, URL: h.Config.URL, Status: status, Err: err})
	return err
}

// excerpt is how much of an answer is kept, in bytes.
const excerpt = 300

// post sends one event, and gives the answer's status and how its body begins.
func (s *Server) post(ctx context.Context, h hook, event string, payload any) (status int, said string, err error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return 0, "", err
	}
	contentType := "application/json"
	if h.Config.ContentType == "form" {
		contentType, body = "application/x-www-form-urlencoded", []byte(url.Values{"payload": {string(body)}}.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.Config.URL, strings.NewReader(string(body)))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("User-Agent", "GitHub-Hookshot/044aadd")
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-GitHub-Event", event)
	req.Header.Set("X-GitHub-Delivery", rand.Text())
	req.Header.Set("X-GitHub-Hook-ID", itoa(h.ID))
	if h.Config.Secret != "" {
		mac := hmac.New(sha256.New, []byte(h.Config.Secret))
		mac.Write(body)
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	// GitHub follows no redirect.
	client := *s.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("webhook %s: %w", event, err)
	}
	defer resp.Body.Close()
	body, _ = io.ReadAll(io.LimitReader(resp.Body, excerpt))
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, strings.TrimSpace(string(body)), nil
}
