// Package api calls Cloudflare's API, version 4, and gives up as the genuine client does
// (https://pkg.go.dev/github.com/cloudflare/cloudflare-go).
package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// URL is where the API is.
const URL = "https://api.cloudflare.com/client/v4"

// Client is the way to the API.
type Client struct {
	// URL is where the API is. Default: URL.
	URL string
	// Token is sent with every call.
	Token string
	// HTTP makes the calls. Default: http.DefaultClient.
	HTTP *http.Client
	// Retries is how often a call is made again that a server's error or a limit answers, or
	// nothing at all: after Pause, and after twice as long each further time.
	Retries int
	Pause   time.Duration
}

// Error is a refusal.
type Error struct {
	Status   int
	Problems []Problem
}

// Problem is one reason for a refusal.
type Problem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	var texts []string
	for _, p := range e.Problems {
		texts = append(texts, fmt.Sprintf("%s (%d)", p.Message, p.Code))
	}
	return strings.Join(texts, ", ")
}

// NotFound reports whether an error says that there is no such thing.
func NotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// Do makes a call and reads its result. A nil body sends none, a nil result reads none.
func (c *Client) Do(ctx context.Context, method, path string, body, result any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	var err error
	for attempt := range c.Retries + 1 {
		if attempt > 0 {
			select {
			case <-time.After(c.Pause << (attempt - 1)):
			case <-ctx.Done():
				return fmt.Errorf("operation aborted during backoff: %w", ctx.Err())
			}
		}
		var again bool
		if again, err = c.once(ctx, method, path, content, result); !again {
			return err
		}
	}
	return err
}

// once makes a call, and reports whether it is worth another.
func (c *Client) once(ctx context.Context, method, path string, content []byte, result any) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, method, cmp.Or(c.URL, URL)+path, bytes.NewReader(content))
	if err != nil {
		return false, fmt.Errorf("HTTP request creation failed: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := cmp.Or(c.HTTP, http.DefaultClient).Do(req)
	if err != nil {
		return ctx.Err() == nil, fmt.Errorf("HTTP request failed: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	switch {
	case err != nil:
		return false, fmt.Errorf("could not read response body: %w", err)
	case resp.StatusCode == http.StatusTooManyRequests:
		return true, errors.New("exceeded available rate limit retries")
	case resp.StatusCode >= http.StatusInternalServerError:
		return true, fmt.Errorf("received %s response (HTTP %d), please try again later",
			strings.ToLower(http.StatusText(resp.StatusCode)), resp.StatusCode)
	case resp.StatusCode >= http.StatusBadRequest:
		refusal := struct{ Errors []Problem }{}
		if err := json.Unmarshal(raw, &refusal); err != nil {
			return false, fmt.Errorf("error unmarshalling the JSON response error body: %w", err)
		}
		return false, &Error{Status: resp.StatusCode, Problems: refusal.Errors}
	case result == nil:
		return false, nil
	}
	if err := json.Unmarshal(raw, &struct{ Result any }{result}); err != nil {
		return false, fmt.Errorf("error unmarshalling the JSON response: %w", err)
	}
	return false, nil
}
