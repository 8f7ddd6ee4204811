package keep_test

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/home-ops/home-ops/cmd/homeops/keep"
)

// bucketServer speaks as much of S3 as a copy needs, for whoever signs with the key "access".
type bucketServer struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (b *bucketServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(r.Header.Get("Authorization"), "Credential=access/") {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>`)
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/break-glass/")
	switch {
	case r.Method == http.MethodPut:
		b.objects[key] = chunks(r.Body)
		w.Header().Set("ETag", `"tag"`)
	case r.URL.Query().Has("list-type"):
		var answer struct {
			XMLName        xml.Name `xml:"ListBucketResult"`
			Contents       []struct{ Key string }
			CommonPrefixes []struct{ Prefix string }
		}
		for name := range b.objects {
			rest, below := strings.CutPrefix(name, r.URL.Query().Get("prefix"))
			if !below {
				continue
			}
			// What is deeper is told as a folder (https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html).
			if at := strings.Index(rest, "/"); at >= 0 && r.URL.Query().Get("delimiter") == "/" {
				folder := struct{ Prefix string }{strings.TrimSuffix(name, rest) + rest[:at+1]}
				if !slices.Contains(answer.CommonPrefixes, folder) {
					answer.CommonPrefixes = append(answer.CommonPrefixes, folder)
				}
				continue
			}
			answer.Contents = append(answer.Contents, struct{ Key string }{name})
		}
		_ = xml.NewEncoder(w).Encode(answer)
	default:
		content, ok := b.objects[key]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>`)
			return
		}
		w.Header().Set("ETag", `"tag"`)
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content)
	}
}

// chunks reads a body that is signed in chunks
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html).
func chunks(body io.Reader) []byte {
	var all []byte
	r := bufio.NewReader(body)
	for {
		line, err := r.ReadString('\n')
		var size int
		if _, scanErr := fmt.Sscanf(line, "%x;", &size); err != nil || scanErr != nil || size == 0 {
			return all
		}
		chunk := make([]byte, size+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return all
		}
		all = append(all, chunk[:size]...)
	}
}

func TestBucket_KeepsCopiesBelowItsFolder(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "access")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	fake := &bucketServer{objects: map[string][]byte{}}
	server := httptest.NewServer(fake)
	defer server.Close()
	place, err := keep.At("s3://break-glass/house/home?endpoint=" + server.URL + "&region=eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	key := pair(t)
	saved(t, place, copyOf("home", made.Add(-time.Hour)), key)
	saved(t, place, copyOf("home", made), key)
	got, err := keep.Load(t.Context(), place, "home", keep.State, "", []age.Identity{key})
	if err != nil || !got.Made.Equal(made) {
		t.Errorf("of %s, %v", got.Made, err)
	}
	for name := range fake.objects {
		if path.Dir(name) != "house/home" {
			t.Errorf("an object is at %s", name)
		}
	}
}

// The state may be in another bucket, and Pulumi takes one pair of keys alone.
func TestBucket_TakesTheKeysOfTheCopiesBeforeThoseOfTheState(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "pulumi")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("BREAK_GLASS_ACCESS_KEY_ID", "access")
	t.Setenv("BREAK_GLASS_SECRET_ACCESS_KEY", "secret")
	server := httptest.NewServer(&bucketServer{objects: map[string][]byte{}})
	defer server.Close()
	address := "s3://break-glass?endpoint=" + server.URL
	place, err := keep.At(address)
	if err != nil {
		t.Fatal(err)
	}
	saved(t, place, copyOf("home", made), pair(t))
	backend, err := keep.AtBackend(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backend.List(t.Context(), ""); err == nil || err.Error() != "Access Denied." {
		t.Errorf("the state is asked for with the keys of the copies: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "access")
	for _, missing := range []string{"BREAK_GLASS_ACCESS_KEY_ID", "BREAK_GLASS_SECRET_ACCESS_KEY"} {
		other := map[string]string{"BREAK_GLASS_ACCESS_KEY_ID": "BREAK_GLASS_SECRET_ACCESS_KEY", "BREAK_GLASS_SECRET_ACCESS_KEY": "BREAK_GLASS_ACCESS_KEY_ID"}[missing]
		t.Setenv(other, "access")
		t.Setenv(missing, "")
		_, err := keep.At(address)
		if want := other + " is set, and " + missing + " is not: set both, or neither"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestBucket_ListsAllThatIsInItsFolder(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "access")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	server := httptest.NewServer(&bucketServer{objects: map[string][]byte{
		"locks/home/1.json": nil, "locks/home/2.json": nil, "locks/home-2/3.json": nil, "4.json": nil,
	}})
	defer server.Close()
	for folder, want := range map[string]string{"/locks/home": "1.json 2.json", "/locks/none": "", "": "4.json locks"} {
		place, err := keep.At("s3://break-glass" + folder + "?endpoint=" + server.URL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := place.List(t.Context(), "")
		slices.Sort(got)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v, want %s", folder, got, err, want)
		}
	}
}

func TestBucket_SaysThatItMayNotWrite(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	server := httptest.NewServer(&bucketServer{})
	defer server.Close()
	address := "s3://break-glass?endpoint=" + server.URL
	place, err := keep.At(address)
	if err != nil {
		t.Fatal(err)
	}
	err = keep.Save(t.Context(), place, copyOf("home", made), []string{pair(t).Recipient().String()})
	if want := address + ": Access Denied."; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
