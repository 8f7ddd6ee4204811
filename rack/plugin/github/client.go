package github

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// publicAPI is where GitHub is unless the provider is told otherwise.
const publicAPI = "https://api.github.com/"

// attempts is how often a call is made that servers' errors answer, and pause the time
// between. The genuine plugin pauses for a second after every change besides.
const (
	attempts = 4
	pause    = time.Second
)

// client is the way to GitHub.
type client struct {
	mu           sync.Mutex
	base         *url.URL
	owner, token string
}

// configure looks, as the genuine plugin does, whether the owner is an organization;
// and as there, no answer is an error.
func (c *client) configure(ctx context.Context, settings resource.PropertyMap) error {
	text := func(key resource.PropertyKey) string {
		if v := settings[key]; v.IsString() {
			return v.StringValue()
		}
		return ""
	}
	base, err := url.Parse(cmp.Or(text("baseUrl"), publicAPI))
	if err != nil || !base.IsAbs() {
		return errors.New("github: baseUrl: base url must be absolute")
	}
	if base.Host != "api.github.com" {
		// An enterprise's own server has its API there.
		base = base.JoinPath("api/v3/")
	}
	c.mu.Lock()
	// These variables win over what the program gives, as with the genuine plugin
	// (https://github.com/integrations/terraform-provider-github/blob/v6.2.3/github/provider.go).
	owner := cmp.Or(os.Getenv("GITHUB_ORGANIZATION"), os.Getenv("GITHUB_OWNER"), text("organization"), text("owner"))
	c.base, c.owner, c.token = base, owner, cmp.Or(text("token"), os.Getenv("GITHUB_TOKEN"))
	c.mu.Unlock()
	if !settings["token"].IsComputed() {
		_ = c.do(ctx, http.MethodGet, "orgs/"+c.owner, nil, nil)
	}
	return nil
}

// responseError is an answer that is no success, in the words of GitHub's Go client
// (https://pkg.go.dev/github.com/google/go-github/v75/github#ErrorResponse).
type responseError struct {
	method, url string
	status      int
	Message     string `json:"message"`
	Errors      []struct{ Resource, Field, Code, Message string }
	retryAfter  time.Duration
}

func (e *responseError) Error() string {
	return fmt.Sprintf("%s %s: %d %s %+v", e.method, e.url, e.status, e.Message, e.Errors)
}

func isNotFound(err error) bool {
	var e *responseError
	return errors.As(err, &e) && e.status == http.StatusNotFound
}

// fullName is the name of one of the owner's repositories, with the owner's in front.
func (c *client) fullName(repository string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owner + "/" + repository
}

// inRepository is a call for one of the owner's repositories, or for what path names in it.
func (c *client) inRepository(ctx context.Context, method, repository, path string, body, into any) error {
	return c.do(ctx, method, strings.TrimSuffix("repos/"+c.fullName(repository)+"/"+path, "/"), body, into)
}

// do makes a call, and makes it again when the server fails or asks for patience.
func (c *client) do(ctx context.Context, method, path string, body, into any) error {
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, method, path, body, into)
		var refusal *responseError
		if err == nil || !errors.As(err, &refusal) {
			return err
		}
		wait := refusal.retryAfter
		if slices.Contains([]int{500, 502, 503, 504}, refusal.status) {
			wait = pause
		}
		if wait == 0 || attempt == attempts {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

func (c *client) once(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(raw)
	}
	c.mu.Lock()
	address, token := c.base.JoinPath(path).String(), c.token
	c.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		refusal := &responseError{method: method, url: address, status: resp.StatusCode, retryAfter: patience(resp.Header)}
		_ = json.Unmarshal(raw, refusal)
		return refusal
	}
	if into == nil || len(strings.TrimSpace(string(raw))) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// patience is for how long a limited client is to wait; 0 for one that is not limited
// (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit).
func patience(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
		return max(time.Duration(seconds)*time.Second, time.Millisecond)
	}
	if header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return max(time.Until(time.Unix(reset, 0)), time.Millisecond)
		}
	}
	return 0
}
