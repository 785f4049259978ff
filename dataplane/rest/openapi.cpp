#include "dataplane/rest/openapi.hpp"

namespace chat::rest {
namespace {

std::string lower(boost::beast::string_view text) {
  std::string result(text.data(), text.size());
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

Json reference(const std::string& schema) { return {{"$ref", "#/components/schemas/" + schema}}; }

std::string media_type(const std::string& schema) {
  if (schema == "Plain") return "text/plain";
  if (schema == "Page") return "text/html";
  if (schema == "JsonWebKeySet") return "application/jwk-set+json";
  return "application/json";
}

Json parameters(const Route& route) {
  Json list = Json::array();
  std::size_t at = 0;
  while ((at = route.path.find('{', at)) != std::string::npos) {
    const auto end = route.path.find('}', at);
    list.push_back({{"name", route.path.substr(at + 1, end - at - 1)},
                    {"in", "path"},
                    {"required", true},
                    {"schema", reference("Id")}});
    at = end;
  }
  for (const auto& parameter : route.query) {
    list.push_back({{"name", parameter.name},
                    {"in", "query"},
                    {"required", parameter.required},
                    {"description", parameter.description},
                    {"schema", parameter.schema}});
  }
  return list;
}

Json responses(const Route& route) {
  Json all = Json::object();
  for (const auto& answer : route.answers) {
    Json response{{"description", answer.description}};
    if (!answer.schema.empty()) response["content"][media_type(answer.schema)]["schema"] = reference(answer.schema);
    all[std::to_string(static_cast<int>(answer.code))] = std::move(response);
  }
  for (auto code : documented_errors(route)) {
    const auto reason = boost::beast::http::obsolete_reason(code);
    Json response{{"description", std::string(reason.data(), reason.size())}};
    response["content"]["application/problem+json"]["schema"] = reference("Problem");
    if (code == status::too_many_requests || code == status::service_unavailable)
      response["headers"]["Retry-After"] = {{"description", "Seconds to wait"}, {"schema", {{"type", "integer"}}}};
    all[std::to_string(static_cast<int>(code))] = std::move(response);
  }
  return all;
}

Json operation(const Route& route) {
  Json json{{"operationId", route.operation}, {"summary", route.summary}, {"responses", responses(route)}};
  if (auto list = parameters(route); !list.empty()) json["parameters"] = std::move(list);
  if (!route.request_schema.empty()) {
    json["requestBody"]["required"] = true;
    json["requestBody"]["content"]["application/json"]["schema"] = reference(route.request_schema);
  }
  json["security"] = Json::array();
  if (route.access == Access::bearer) json["security"].push_back({{"accessToken", Json::array()}});
  return json;
}

}  // namespace

Json openapi(const Routes& routes, std::string_view version, std::string_view server_url) {
  Json document{{"openapi", "3.1.0"},
                {"info",
                 {{"title", "chatcluster"},
                  {"version", std::string(version)},
                  {"description",
                   "REST API of a chat cluster. Errors are application/problem+json (RFC 9457) with a "
                   "`code`; messages arrive live over the WebSocket that POST /v1/connect names."}}},
                {"paths", Json::object()}};
  if (!server_url.empty()) document["servers"] = Json::array({{{"url", std::string(server_url)}}});
  for (const auto& route : routes)
    document["paths"][route.path][lower(boost::beast::http::to_string(route.method))] = operation(route);
  document["components"]["schemas"] = openapi_schemas();
  document["components"]["securitySchemes"]["accessToken"] = {
      {"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}};
  return document;
}

}  // namespace chat::rest
