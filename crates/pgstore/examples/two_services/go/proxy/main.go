// Command proxy puts both services under one origin: /account goes to Rust, the rest to Go. In production this is
// two lines of your own proxy's configuration.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"pgstore.test/two-services/serve"
)

func main() {
	mux := http.NewServeMux()
	mux.Handle("/account", to("RUST_APP"))
	mux.Handle("/account/", to("RUST_APP"))
	mux.Handle("/", to("GO_APP"))
	serve.Serve(mux)
}

func to(variable string) http.Handler {
	app, err := url.Parse(os.Getenv(variable))
	if err != nil || app.Host == "" {
		log.Fatalf("%s must be the URL of a service", variable)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(app)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}}
}
