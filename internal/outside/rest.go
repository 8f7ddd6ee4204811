package outside

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// answerWithin is how long a service may take to answer a question, repetitions
	// included: as long as a resource at a service may take (component.AtService).
	answerWithin = time.Minute
	// attempts is how often a question is put to a service that is in trouble, and pause
	// the time between. The providers do so as often.
	attempts = 4
	pause    = time.Second
	// mostPages is where a list ends that its service never ends.
	mostPages = 100
)

// api is the REST API of a service.
type api struct {
	// name is what errors call it.
	name string
	// base is what its addresses begin with.
	base   string
	client *http.Client
	within time.Duration
	pause  time.Duration
	// unwrap takes the result out of an answer, and refusal the reason.
	unwrap  func(raw []byte) (json.RawMessage, error)
	refusal func(raw []byte) string

	mu    sync.Mutex
	token string
}

func newAPI(name, base string, transport http.RoundTripper) *api {
	return &api{
		name: name, base: base, client: &http.Client{Transport: transport}, within: answerWithin, pause: pause,
		unwrap:  func(raw []byte) (json.RawMessage, error) { return raw, nil },
		refusal: func(raw []byte) string { return reason(raw).Message },
	}
}

// reason is the body of a refusal, as GitHub and Connect have it.
func reason(raw []byte) (body struct{ Message string }) {
	_ = json.Unmarshal(raw, &body) // one that is none is told by its status alone
	return body
}

func (a *api) open(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = token
}

// refused is an answer that is no success. Its text has neither the token nor the body of the request.
type refused struct {
	status int
	text   string
	after  time.Duration
}

func (r refused) Error() string { return r.text }

func isNotFound(err error) bool {
	var r refused
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

// limited ends with ctx, or when the service has taken its time.
func (a *api) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, a.within, fmt.Errorf("it does not answer within %s", a.within))
}

// do makes a request, and makes it again when the service fails or asks for patience. into may be nil.
func (a *api) do(ctx context.Context, method, path string, into any) error {
	ctx, done := a.limited(ctx)
	defer done()
	for attempt := 1; ; attempt++ {
		err := a.once(ctx, method, path, into)
		var r refused
		if err == nil || !errors.As(err, &r) || attempt == attempts {
			return err
		}
		wait := r.after
		if r.status >= http.StatusInternalServerError {
			wait = cmp.Or(wait, a.pause)
		}
		if deadline, _ := ctx.Deadline(); wait == 0 || time.Until(deadline) < wait {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

func (a *api) once(ctx context.Context, method, path string, into any) error {
	a.mu.Lock()
	token := a.token
	a.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", a.name, err)
	}
	request.Header.Set("Accept", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	reply, err := a.client.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("%s: %w", a.name, err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", a.name, cmp.Or(context.Cause(ctx), err))
	}
	if reply.StatusCode >= 300 {
		text := cmp.Or(a.refusal(raw), http.StatusText(reply.StatusCode))
		return refused{reply.StatusCode, fmt.Sprintf("%s: %d %s", a.name, reply.StatusCode, text), patience(reply)}
	}
	if into == nil {
		return nil
	}
	result, err := a.unwrap(raw)
	if err == nil {
		err = json.Unmarshal(result, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %s %s: %w", a.name, method, path, err)
	}
	return nil
}

// patience is for how long a client that asked too often is to wait; 0 for any other.
func patience(reply *http.Response) time.Duration {
	limited := reply.StatusCode == http.StatusTooManyRequests || reply.StatusCode == http.StatusForbidden
	seconds, err := strconv.Atoi(reply.Header.Get("Retry-After"))
	if !limited || err != nil {
		return 0
	}
	return max(time.Duration(seconds)*time.Second, time.Millisecond)
}

// remove deletes what the path names. That it is gone already is no error.
func (a *api) remove(ctx context.Context, path string) error {
	err := a.do(ctx, http.MethodDelete, path, nil)
	if isNotFound(err) {
		return nil
	}
	return err
}

// gone reports whether there is nothing at the path.
func (a *api) gone(ctx context.Context, path string) (bool, error) {
	err := a.do(ctx, http.MethodGet, path, nil)
	if isNotFound(err) {
		return true, nil
	}
	return false, err
}

// list reads all pages of a list, size things on each. The path ends in a query.
func list[T any](ctx context.Context, a *api, path string, size int) ([]T, error) {
	var all []T
	for page := 1; page <= mostPages; page++ {
		var some []T
		if err := a.do(ctx, http.MethodGet, fmt.Sprintf("%s&per_page=%d&page=%d", path, size, page), &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < size {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s: a list of more than %d pages", a.name, mostPages)
}
